//! A receiver of OTLP over HTTP that keeps what it gets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use http::{StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::Span;

/// Takes traces in [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp) binary
/// protobuf on a free loopback port, until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    received: Arc<Received>,
    server: tokio::task::JoinHandle<io::Result<()>>,
}

#[derive(Debug, Default)]
struct Received {
    spans: Mutex<Vec<Span>>,
    arrived: Notify,
}

impl Receiver {
    /// Starts to listen.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let received = Arc::<Received>::default();
        let routes = Router::new()
            .route("/v1/traces", post(take))
            .layer(DefaultBodyLimit::disable())
            .with_state(received.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self {
            address,
            received,
            server,
        })
    }

    /// The endpoint to push to, without the path of the signal.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has arrived so far, by start time.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.received.lock().clone();
        spans.sort_by_key(|span| span.start);
        spans
    }

    /// Waits until `enough` is true of what has arrived, or until `limit` has passed; what has
    /// arrived then.
    pub async fn wait_for(&self, limit: Duration, enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let arrives = async {
            loop {
                let more = self.received.arrived.notified();
                if enough(&self.spans()) {
                    break;
                }
                more.await;
            }
        };
        let _ = tokio::time::timeout(limit, arrives).await;
        self.spans()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Received {
    fn lock(&self) -> MutexGuard<'_, Vec<Span>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(
    State(received): State<Arc<Received>>,
    body: Bytes,
) -> Result<([(header::HeaderName, &'static str); 1], Vec<u8>), (StatusCode, String)> {
    let request = ExportTraceServiceRequest::decode(body)
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    received
        .lock()
        .extend(request.resource_spans.into_iter().flat_map(Span::read));
    received.arrived.notify_one();
    let answer = ExportTraceServiceResponse::default();
    Ok((
        [(header::CONTENT_TYPE, "application/x-protobuf")],
        answer.encode_to_vec(),
    ))
}
