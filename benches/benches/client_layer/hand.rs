//! What has to be done at least, by hand: a middleware that knows its messages, and hands over what
//! the layer hands over.
//!
//! It makes an id below what is current, reads the clocks, writes the context into a header and,
//! at a place that it knows, into the message, has the span in a thread-local slot for every call
//! and poll, and gives a record to a sink when the answer has been read. It has no options, reads
//! no message and no answer, and breaks where anything is other than it expects.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header::CONTENT_LENGTH};
use http_body::{Body, Frame};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower::Service;
use traceparent::{SpanId, TraceParent};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

type Sink = Arc<dyn Fn(Record) + Send + Sync>;

thread_local! {
    static CURRENT: Cell<Option<Arc<Span>>> = const { Cell::new(None) };
}

/// What is current: the agent's, or that of a call.
pub struct Span {
    context: TraceParent,
    call: Option<Call>,
}

struct Call {
    parent: SpanId,
    method: &'static str,
    name: HeaderValue,
    start: SystemTime,
    began: Instant,
    sink: Sink,
}

/// What a sink gets.
#[expect(dead_code, reason = "the sink drops it")]
pub struct Record {
    context: TraceParent,
    parent: SpanId,
    method: &'static str,
    name: HeaderValue,
    start: SystemTime,
    duration: Duration,
}

impl Span {
    pub fn agent(context: TraceParent) -> Arc<Self> {
        Arc::new(Self {
            context,
            call: None,
        })
    }
}

pub fn within<T>(span: &Arc<Span>, work: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(Some(span.clone()));
    let result = work();
    CURRENT.set(before);
    result
}

#[derive(Clone)]
pub struct Hand<S> {
    inner: S,
    sink: Sink,
    /// Behind the opening brace of `_meta` in every message.
    place: usize,
}

impl<S> Hand<S> {
    pub fn around(inner: S, place: usize) -> Self {
        let sink = Arc::new(drop::<Record>);
        Self { inner, sink, place }
    }

    fn spliced(&self, body: &[u8], traceparent: &[u8]) -> Vec<u8> {
        let (before, after) = body.split_at(self.place);
        let (key, end): (&[u8], &[u8]) = (b"\"traceparent\":\"", b"\",");
        [before, key, traceparent, end, after].concat()
    }
}

impl<S> Service<Request<Full<Bytes>>> for Hand<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>>,
{
    type Response = Response<HandBody>;
    type Error = S::Error;
    type Future = HandFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Full<Bytes>>) -> Self::Future {
        let above = CURRENT.take().expect("an agent");
        let parent = above.context;
        CURRENT.set(Some(above));
        let id = SpanId::from_u64(rand::random::<u64>() | 1).expect("not zero");
        let name = request.headers().get("mcp-name").expect("a tool");
        let span = Arc::new(Span {
            context: TraceParent::new(parent.trace_id(), id, parent.flags()),
            call: Some(Call {
                parent: parent.parent_id(),
                method: "tools/call",
                name: name.clone(),
                start: SystemTime::now(),
                began: Instant::now(),
                sink: self.sink.clone(),
            }),
        });
        let traceparent = span.context.to_bytes();
        let body = std::mem::take(request.body_mut()).into_inner();
        let body = self.spliced(&body.expect("a message"), &traceparent);
        let headers = request.headers_mut();
        if let Some(len) = headers.get_mut(CONTENT_LENGTH) {
            *len = body.len().into();
        }
        let value = HeaderValue::from_bytes(&traceparent).expect("plain characters");
        headers.insert(&TRACEPARENT, value);
        *request.body_mut() = Full::new(body.into());
        let future = within(&span, || self.inner.call(request));
        HandFuture { future, span }
    }
}

pin_project! {
    pub struct HandFuture<F> {
        #[pin]
        future: F,
        span: Arc<Span>,
    }
}

impl<F, E> Future for HandFuture<F>
where
    F: Future<Output = Result<Response<Full<Bytes>>, E>>,
{
    type Output = Result<Response<HandBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let span = this.span.clone();
        let result = ready!(within(&span, || this.future.poll(cx)));
        Poll::Ready(result.map(|response| {
            response.map(|body| HandBody {
                body,
                span: Some(span),
            })
        }))
    }
}

pub struct HandBody {
    body: Full<Bytes>,
    span: Option<Arc<Span>>,
}

impl Body for HandBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(span) = self.span.take() else {
            return Pin::new(&mut self.body).poll_frame(cx);
        };
        let frame = within(&span, || Pin::new(&mut self.body).poll_frame(cx));
        // All of it comes at once.
        if let Some(call) = &span.call {
            (call.sink)(Record {
                context: span.context,
                parent: call.parent,
                method: call.method,
                name: call.name.clone(),
                start: call.start,
                duration: call.began.elapsed(),
            });
        }
        frame
    }
}
