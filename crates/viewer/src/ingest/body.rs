//! Reading a request's body: bounded as sent, as unpacked, and over all requests at once.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use super::intake::{Intake, Taken};
use crate::viewer::State;

/// Requests that are decoded at once.
const DECODERS: usize = 2;

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
    /// It is not what its protocol says.
    Malformed(&'static str),
    /// The sender left.
    Gone,
}

impl Refused {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Corrupt | Self::Malformed(_) | Self::Gone => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::TooLarge => "the body is too large",
            Self::Busy => "too much is under way; try again",
            Self::Encoding => "only gzip and identity are known as content-encoding",
            Self::Corrupt => "the body is not valid gzip",
            Self::Malformed(message) => message,
            Self::Gone => "the body ended early",
        }
    }
}

/// What requests that are being read use together.
#[derive(Debug)]
pub(crate) struct Intakes {
    /// The bytes of their bodies.
    bytes: AtomicUsize,
    /// Who may decode. What that takes of memory is bounded for each.
    decoders: Semaphore,
}

impl Default for Intakes {
    fn default() -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            decoders: Semaphore::new(DECODERS),
        }
    }
}

/// A share of the bytes, given back when dropped.
struct Share {
    state: Arc<State>,
    bytes: usize,
}

impl Share {
    /// Takes `bytes` more.
    fn grow(&mut self, bytes: usize) -> Result<(), Refused> {
        let before = self.state.intakes.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) > self.state.limits.bodies {
            return Err(Refused::Busy);
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.state
            .intakes
            .bytes
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body, and has `decode` hand its spans over, on a thread where that may take its time.
///
/// # Errors
/// See [`Refused`].
pub(super) async fn read(
    state: &Arc<State>,
    headers: &HeaderMap,
    body: Body,
    decode: impl FnOnce(&[u8], &mut Intake<'_>) -> Result<(), Refused> + Send + 'static,
) -> Result<Taken, Refused> {
    let taken = take(state, headers, body, decode).await;
    if taken.is_err() {
        state.rejected.request();
    }
    taken
}

async fn take(
    state: &Arc<State>,
    headers: &HeaderMap,
    body: Body,
    decode: impl FnOnce(&[u8], &mut Intake<'_>) -> Result<(), Refused> + Send + 'static,
) -> Result<Taken, Refused> {
    let gzip = match headers.get(header::CONTENT_ENCODING).map(|v| v.as_bytes()) {
        None | Some(b"" | b"identity") => false,
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => true,
        Some(_) => return Err(Refused::Encoding),
    };
    if state.is_behind() {
        return Err(Refused::Busy);
    }
    let limit = state.limits.body;
    let mut share = Share {
        state: state.clone(),
        bytes: 0,
    };
    let body = collect(body, limit, &mut share).await?;
    if gzip {
        // As much as it may become.
        share.grow(limit)?;
    }
    let _decoding = state.intakes.decoders.acquire().await;
    let work = move || {
        let body = if gzip {
            unpack(&body, limit)?.into()
        } else {
            body
        };
        let mut intake = Intake::new(&share.state);
        decode(&body, &mut intake)?;
        Ok(intake.finish())
    };
    tokio::task::spawn_blocking(work)
        .await
        // The work was given up because the program ends.
        .unwrap_or(Err(Refused::Gone))
}

async fn collect(mut body: Body, limit: usize, share: &mut Share) -> Result<Bytes, Refused> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refused::Gone)?.into_data() else {
            continue;
        };
        if whole.len() + data.len() > limit {
            return Err(Refused::TooLarge);
        }
        share.grow(data.len())?;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Refused> {
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
    Ok(unpacked)
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
        assert_eq!(unpack(&gzip(b"four"), 4).unwrap(), b"four");
        assert!(matches!(unpack(&gzip(b"four!"), 4), Err(Refused::TooLarge)));
        assert!(matches!(unpack(b"\x1f\x8bno", 4), Err(Refused::Corrupt)));
    }
}
