//! What has to be done at least, by hand: a middleware that knows its service and its messages, and
//! hands over what the layers hand over.
//!
//! It reads three headers, makes an id, reads the clocks, puts the span into the request's
//! extensions and into a thread-local slot for every call and poll, and gives a record to a sink
//! when the answer has left. A context that is not sampled it only puts there. It has no options,
//! counts nothing, reads no message and no answer, and breaks where anything is other than it
//! expects.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower::Service;
use traceparent::{SpanId, TraceParent};

type Sink = Arc<dyn Fn(Record) + Send + Sync>;

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// What handlers find.
#[derive(Clone)]
enum Current {
    Recorded(Arc<Span>),
    #[expect(dead_code, reason = "the benchmark's handlers do not look")]
    Passed(TraceParent),
}

struct Span {
    parent: TraceParent,
    id: SpanId,
    method: HeaderValue,
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
    method: HeaderValue,
    name: HeaderValue,
    start: SystemTime,
    duration: Duration,
}

fn within<T>(current: &Current, work: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(Some(current.clone()));
    let result = work();
    CURRENT.set(before);
    result
}

#[derive(Clone)]
pub struct Hand<S> {
    inner: S,
    sink: Sink,
}

impl<S> Hand<S> {
    pub fn around(inner: S) -> Self {
        let sink = Arc::new(drop::<Record>);
        Self { inner, sink }
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
        let header = |name| {
            request
                .headers()
                .get(name)
                .expect("what the benchmark sends")
        };
        let parent = TraceParent::parse(header("traceparent").as_bytes()).expect("a valid one");
        let current = if parent.flags().is_sampled() {
            Current::Recorded(Arc::new(Span {
                parent,
                id: SpanId::from_u64(rand::random::<u64>() | 1).expect("not zero"),
                method: header("mcp-method").clone(),
                name: header("mcp-name").clone(),
                start: SystemTime::now(),
                began: Instant::now(),
                sink: self.sink.clone(),
            }))
        } else {
            Current::Passed(parent)
        };
        request.extensions_mut().insert(current.clone());
        let future = within(&current, || self.inner.call(request));
        HandFuture { future, current }
    }
}

pin_project! {
    pub struct HandFuture<F> {
        #[pin]
        future: F,
        current: Current,
    }
}

impl<F, E> Future for HandFuture<F>
where
    F: Future<Output = Result<Response<Full<Bytes>>, E>>,
{
    type Output = Result<Response<HandBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let current = this.current.clone();
        let result = ready!(within(&current, || this.future.poll(cx)));
        Poll::Ready(result.map(|response| {
            response.map(|body| HandBody {
                body,
                current: Some(current),
            })
        }))
    }
}

pub struct HandBody {
    body: Full<Bytes>,
    current: Option<Current>,
}

impl Body for HandBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(current) = self.current.take() else {
            return Pin::new(&mut self.body).poll_frame(cx);
        };
        let frame = within(&current, || Pin::new(&mut self.body).poll_frame(cx));
        let Current::Recorded(span) = current else {
            return frame;
        };
        // All of it comes at once.
        (span.sink)(Record {
            context: TraceParent::new(span.parent.trace_id(), span.id, span.parent.flags()),
            parent: span.parent.parent_id(),
            method: span.method.clone(),
            name: span.name.clone(),
            start: span.start,
            duration: span.began.elapsed(),
        });
        frame
    }
}
