//! One type for every transport.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::{Request, Response, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tokio::sync::Mutex;
use tower_service::Service;

use super::BoxError;

/// The longest answer that is looked at, in bytes: it only says how many spans were refused.
const MAX_READ: usize = 64 * 1024;
/// The bound of OTLP on an answer, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// A transport's service, shared by the attempts that use it at the same time.
#[derive(Clone)]
pub(crate) struct Courier(Arc<Mutex<dyn Exchange + Send>>);

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Parts,
    /// Empty if it was too long to be looked at; `None` if it was longer than any may be.
    pub(crate) body: Option<Bytes>,
}

type AnswerFuture = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

trait Exchange {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn exchange(&mut self, request: Request<Full<Bytes>>) -> AnswerFuture;
}

struct Exchanger<S>(S);

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

impl Courier {
    pub(super) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(Mutex::new(Exchanger(service))))
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, BoxError> {
        let answer = {
            let mut service = self.0.lock().await;
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.exchange(request)
        };
        answer.await
    }
}

impl<S, B> Exchange for Exchanger<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn exchange(&mut self, request: Request<Full<Bytes>>) -> AnswerFuture {
        let response = self.0.call(request);
        Box::pin(async move {
            let (head, body) = response.await.map_err(Into::into)?.into_parts();
            Ok(Answer {
                head,
                body: read(body).await?,
            })
        })
    }
}

async fn read<B>(body: B) -> Result<Option<Bytes>, BoxError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = std::pin::pin!(body);
    let (mut read, mut len) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(Into::into)?.into_data() else {
            continue;
        };
        len = len.saturating_add(data.remaining());
        if len > MAX_ANSWER {
            return Ok(None);
        }
        if len > MAX_READ {
            read = Vec::new();
            continue;
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            read.extend_from_slice(chunk);
            let len = chunk.len();
            data.advance(len);
        }
    }
    Ok(Some(read.into()))
}
