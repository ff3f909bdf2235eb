//! HTTP for OpenTelemetry's exporters, through a stack of Tower layers.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry::Context;
use opentelemetry::context::FutureExt;
use opentelemetry_http::{HttpClient, HttpError};
use tower_service::Service;

/// The longest answer that is read, in bytes, as the OTLP specification has it.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Sends what OpenTelemetry's exporters export through any Tower service that takes
/// `http::Request<B>`, with the authentication, proxy and timeout layers that it has.
///
/// The service is cloned for each request. It must have a timeout of its own. Telemetry is
/// suppressed while it runs, so that a trace layer in it makes no spans about exporting spans.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use mcp_trace_opentelemetry::TowerHttpClient;
///
/// let stack = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
/// let client = TowerHttpClient::new(stack);
/// // opentelemetry_otlp::SpanExporter::builder().with_http().with_http_client(client)
/// # let _: &dyn opentelemetry_http::HttpClient = &client;
/// ```
pub struct TowerHttpClient<S, B = Full<Bytes>> {
    // Services need not be `Sync`; the lock is held for a clone.
    service: Mutex<S>,
    body: PhantomData<fn(Bytes) -> B>,
}

impl<S, B> TowerHttpClient<S, B> {
    /// Sends through `service`.
    pub const fn new(service: S) -> Self {
        Self {
            service: Mutex::new(service),
            body: PhantomData,
        }
    }
}

impl<S, B> fmt::Debug for TowerHttpClient<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerHttpClient").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S, B, R> HttpClient for TowerHttpClient<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    B: From<Bytes> + Send,
    R: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send,
{
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut service = self
            .service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let quiet = Context::map_current(Context::with_telemetry_suppressed);
        async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(Into::into)?;
            let answer = service
                .call(request.map(B::from))
                .await
                .map_err(Into::into)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body))
        }
        .with_context(quiet)
        .await
    }
}
