//! Reading a request's body: bounded as sent, as unpacked, and over all requests at once.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;

use crate::viewer::State;

/// Why a body was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Over the limit for one body.
    TooLarge,
    /// There is no room now; the sender may try again.
    Busy,
    /// A `content-encoding` that is not spoken here.
    Encoding,
    /// It is not what its `content-encoding` says.
    Corrupt,
    /// The sender left.
    Gone,
}

impl Refused {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Corrupt | Self::Gone => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::TooLarge => "the body is too large",
            Self::Busy => "too much is under way; try again",
            Self::Encoding => "only gzip and identity are known as content-encoding",
            Self::Corrupt => "the body is not valid gzip",
            Self::Gone => "the body ended early",
        }
    }
}

/// The bytes of all bodies that are in memory.
#[derive(Debug, Default)]
pub(crate) struct InFlight(AtomicUsize);

/// A share of [`InFlight`], given back when dropped.
struct Share<'a> {
    of: &'a InFlight,
    bytes: usize,
}

impl Share<'_> {
    /// Takes `bytes` more.
    fn grow(&mut self, bytes: usize, limit: usize) -> Result<(), Refused> {
        let before = self.of.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) > limit {
            return Err(Refused::Busy);
        }
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body and hands it, unpacked, to `decode`, on a thread where that may take its time.
///
/// # Errors
/// See [`Refused`].
pub(super) async fn read<T: Send + 'static>(
    state: &State,
    headers: &HeaderMap,
    body: Body,
    decode: impl FnOnce(Bytes) -> T + Send + 'static,
) -> Result<T, Refused> {
    let gzip = match headers.get(header::CONTENT_ENCODING).map(|v| v.as_bytes()) {
        None | Some(b"" | b"identity") => false,
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => true,
        Some(_) => return Err(Refused::Encoding),
    };
    let limits = &state.limits;
    let mut share = Share {
        of: &state.in_flight,
        bytes: 0,
    };
    let body = collect(body, limits.body, limits.bodies, &mut share).await?;
    if gzip {
        // As much as it may become.
        share.grow(limits.body, limits.bodies)?;
    }
    let limit = limits.body;
    let work = move || -> Result<T, Refused> {
        let body = if gzip { unpack(&body, limit)? } else { body };
        Ok(decode(body))
    };
    tokio::task::spawn_blocking(work)
        .await
        // The work was given up because the program ends.
        .unwrap_or(Err(Refused::Gone))
}

async fn collect(
    mut body: Body,
    limit: usize,
    all: usize,
    share: &mut Share<'_>,
) -> Result<Bytes, Refused> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refused::Gone)?.into_data() else {
            continue;
        };
        if whole.len() + data.len() > limit {
            return Err(Refused::TooLarge);
        }
        share.grow(data.len(), all)?;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Refused> {
    let mut unpacked = Vec::new();
    // One byte more than allowed tells a body that is too large from one that just fits.
    let bounded = limit.saturating_add(1) as u64;
    MultiGzDecoder::new(packed)
        .take(bounded)
        .read_to_end(&mut unpacked)
        .map_err(|_| Refused::Corrupt)?;
    if unpacked.len() > limit {
        return Err(Refused::TooLarge);
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(bomb.len() < 16 << 10);
        assert!(matches!(unpack(&bomb, 1 << 20), Err(Refused::TooLarge)));
        assert_eq!(unpack(&gzip(b"four"), 4).unwrap(), "four");
        assert!(matches!(unpack(&gzip(b"four!"), 4), Err(Refused::TooLarge)));
        assert!(matches!(unpack(b"\x1f\x8bno", 4), Err(Refused::Corrupt)));
    }

    #[test]
    fn a_share_is_given_back() {
        let all = InFlight::default();
        let mut share = Share { of: &all, bytes: 0 };
        share.grow(6, 10).unwrap();
        let mut other = Share { of: &all, bytes: 0 };
        assert!(matches!(other.grow(5, 10), Err(Refused::Busy)));
        drop((share, other));
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }
}
