//! One request and its answer.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;

use super::buffers::Buffers;
use crate::batch::Batch;
use crate::destination::Destination;
use crate::encode::Verdict;
use crate::pace::retry_after;
use crate::transport::{BoxError, Courier};

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// `None` if the answer was longer than any may be.
    pub(super) verdict: Option<Verdict>,
    pub(super) retry_after: Option<Duration>,
}

/// Why nothing came back.
#[derive(Debug)]
pub(super) enum Failure {
    Timeout(Duration),
    Transport(BoxError),
    Credential(BoxError),
    Panic,
}

/// The body of the request that carries a batch.
pub(super) fn body(destination: &Destination, batch: &Batch, buffers: &mut Buffers) -> Bytes {
    let mut body = buffers.take();
    destination.encoder.frame(batch.spans(), &mut body);
    if !destination.gzips() {
        return body.into();
    }
    let compressed = compressed(&body);
    buffers.give(body, true);
    compressed.into()
}

/// The request with this body.
pub(super) fn request(destination: &Destination, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = destination.endpoint.clone();
    let headers = request.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(destination.encoder.content_type()),
    );
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("mcp-trace-exporter/", env!("CARGO_PKG_VERSION"))),
    );
    if destination.gzips() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    for (name, value) in &destination.headers.fixed {
        headers.insert(name, value.clone());
    }
    request
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let out = Vec::with_capacity(body.len() / 4);
    let mut encoder = GzEncoder::new(out, Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

/// Reads the credentials, sends `request` and judges the answer, all within `timeout`.
pub(super) async fn attempt(
    courier: Courier,
    mut request: Request<Full<Bytes>>,
    destination: Arc<Destination>,
    timeout: Duration,
) -> Result<Reply, Failure> {
    let exchange = async {
        let signed = destination.headers.sign(request.headers_mut()).await;
        signed.map_err(Failure::Credential)?;
        courier.send(request).await.map_err(Failure::Transport)
    };
    let answer = tokio::time::timeout(timeout, exchange)
        .await
        .map_err(|_| Failure::Timeout(timeout))??;
    let status = answer.head.status;
    Ok(Reply {
        status,
        verdict: answer
            .body
            .map(|body| destination.encoder.judge(status, &body)),
        retry_after: retry_after(&answer.head.headers, SystemTime::now()),
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(after) => write!(f, "no complete answer within {after:?}"),
            Self::Panic => f.write_str("the transport panicked"),
            Self::Credential(error) => chain(f, &**error),
            Self::Transport(error) => {
                chain(f, &**error)?;
                if speaks_no_http(&**error) {
                    f.write_str(" (is this a gRPC port? OTLP over HTTP usually listens on 4318)")?;
                }
                Ok(())
            }
        }
    }
}

/// An error and its causes.
fn chain(f: &mut fmt::Formatter<'_>, error: &(dyn Error + 'static)) -> fmt::Result {
    write!(f, "{error}")?;
    let mut source = error.source();
    while let Some(error) = source {
        write!(f, ": {error}")?;
        source = error.source();
    }
    Ok(())
}

/// A gRPC server answers with HTTP/2 frames.
fn speaks_no_http(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse)
        {
            return true;
        }
        next = error.source();
    }
    false
}
