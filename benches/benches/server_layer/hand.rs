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
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    thread::LocalKey,
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
type Slot<C> = LocalKey<Cell<Option<C>>>;

thread_local! {
    static SPAN: Cell<Option<Arc<Span>>> = const { Cell::new(None) };
    static PASSED: Cell<Option<TraceParent>> = const { Cell::new(None) };
}

/// What is current: what handlers find. All of it is inlined, as if it were written where it is used.
pub trait Current: Clone + Send + Sync + 'static {
    const SLOT: &'static Slot<Self>;

    fn of(request: &Request<Full<Bytes>>, sink: &Sink) -> Self;

    /// The answer has left.
    fn end(self);
}

pub struct Span {
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

#[inline(always)]
fn header<'r>(request: &'r Request<Full<Bytes>>, name: &str) -> &'r HeaderValue {
    let value = request.headers().get(name);
    value.expect("what the benchmark sends")
}

#[inline(always)]
fn parent(request: &Request<Full<Bytes>>) -> TraceParent {
    let parent = header(request, "traceparent");
    TraceParent::parse(parent.as_bytes()).expect("a valid one")
}

impl Current for Arc<Span> {
    const SLOT: &'static Slot<Self> = &SPAN;

    #[inline(always)]
    fn of(request: &Request<Full<Bytes>>, sink: &Sink) -> Self {
        Arc::new(Span {
            parent: parent(request),
            id: SpanId::from_u64(rand::random::<u64>() | 1).expect("not zero"),
            method: header(request, "mcp-method").clone(),
            name: header(request, "mcp-name").clone(),
            start: SystemTime::now(),
            began: Instant::now(),
            sink: sink.clone(),
        })
    }

    #[inline(always)]
    fn end(self) {
        (self.sink)(Record {
            context: TraceParent::new(self.parent.trace_id(), self.id, self.parent.flags()),
            parent: self.parent.parent_id(),
            method: self.method.clone(),
            name: self.name.clone(),
            start: self.start,
            duration: self.began.elapsed(),
        });
    }
}

/// A context that is not sampled.
impl Current for TraceParent {
    const SLOT: &'static Slot<Self> = &PASSED;

    fn of(request: &Request<Full<Bytes>>, _: &Sink) -> Self {
        parent(request)
    }

    fn end(self) {}
}

#[inline(always)]
fn within<C: Current, T>(current: &C, work: impl FnOnce() -> T) -> T {
    let before = C::SLOT.replace(Some(current.clone()));
    let result = work();
    C::SLOT.set(before);
    result
}

/// Records.
pub type Hand<S> = By<S, Arc<Span>>;

/// Only passes the context on.
#[allow(
    dead_code,
    reason = "only one of the programs that use this file measures it"
)]
pub type PassingHand<S> = By<S, TraceParent>;

pub struct By<S, C> {
    inner: S,
    sink: Sink,
    current: PhantomData<C>,
}

impl<S, C> By<S, C> {
    pub fn around(inner: S) -> Self {
        Self {
            inner,
            sink: Arc::new(drop::<Record>),
            current: PhantomData,
        }
    }
}

impl<S, C> Service<Request<Full<Bytes>>> for By<S, C>
where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>>,
    C: Current,
{
    type Response = Response<HandBody<C>>;
    type Error = S::Error;
    type Future = HandFuture<S::Future, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Full<Bytes>>) -> Self::Future {
        let current = C::of(&request, &self.sink);
        request.extensions_mut().insert(current.clone());
        let future = within(&current, || self.inner.call(request));
        HandFuture { future, current }
    }
}

pin_project! {
    pub struct HandFuture<F, C> {
        #[pin]
        future: F,
        current: C,
    }
}

impl<F, E, C> Future for HandFuture<F, C>
where
    F: Future<Output = Result<Response<Full<Bytes>>, E>>,
    C: Current,
{
    type Output = Result<Response<HandBody<C>>, E>;

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

pub struct HandBody<C> {
    body: Full<Bytes>,
    current: Option<C>,
}

impl<C: Current + Unpin> Body for HandBody<C> {
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
        // All of it comes at once.
        current.end();
        frame
    }
}
