//! A body that tells when it has ended.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{BytesDue, visit_slices};
use crate::Scope;

/// How a body ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BodyEnd {
    /// All of it was handed over.
    Complete,
    /// It failed, or stopped short of its `content-length`.
    Failed,
    /// It was dropped before its end.
    Dropped,
}

/// Sees a body pass by.
pub trait Watch {
    /// A piece of the body is handed over. [`ControlFlow::Break`] means that what was
    /// awaited is complete: [`end`](Self::end) follows at once and nothing more is shown.
    fn data(&mut self, piece: &[u8]) -> ControlFlow<()>;

    /// A piece cannot be seen; it counts as seen otherwise.
    fn unreadable(&mut self) {}

    /// The body has ended; called exactly once.
    fn end(&mut self, end: BodyEnd);
}

pin_project! {
    /// Passes a body on unchanged and tells a [`Watch`] what passes and when it has ended.
    ///
    /// It ends as complete with the frame that pays the last byte due, at trailers, when the
    /// body says so, and at its `None`; as failed at an error; as dropped otherwise.
    #[derive(Debug)]
    pub struct WatchedBody<B, W: Watch> {
        // `None` only while it is dropped.
        #[pin]
        body: Option<B>,
        due: BytesDue,
        // `None` once it has ended.
        watch: Option<W>,
        // `None` leaves what is current as it is.
        scope: Option<Scope>,
    }

    impl<B, W: Watch> PinnedDrop for WatchedBody<B, W> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _current = this.scope.as_mut().map(Scope::enter);
            this.body.set(None);
            finish(this.watch, BodyEnd::Dropped);
        }
    }
}

impl<B: Body, W: Watch> WatchedBody<B, W> {
    /// Watches `body`; `scope`, if any, is current whenever it is polled and dropped.
    ///
    /// Where nothing is due it has ended already.
    #[inline]
    pub fn new(body: B, due: BytesDue, watch: W, scope: Option<impl Into<Scope>>) -> Self {
        let mut watch = Some(watch);
        if due.is_zero() || body.is_end_stream() {
            finish(&mut watch, BodyEnd::Complete);
        }
        Self {
            body: Some(body),
            due,
            watch,
            scope: scope.map(Into::into),
        }
    }
}

impl<B, W: Watch> WatchedBody<B, W> {
    /// Passes `body` on without watching it.
    pub fn unwatched(body: B) -> Self {
        Self {
            body: Some(body),
            due: BytesDue::UNKNOWN,
            watch: None,
            scope: None,
        }
    }

    /// Passes `body` on without watching it; `scope` is current whenever it is polled and
    /// dropped.
    pub fn scoped(body: B, scope: impl Into<Scope>) -> Self {
        let mut scoped = Self::unwatched(body);
        scoped.scope = Some(scope.into());
        scoped
    }
}

fn finish<W: Watch>(watch: &mut Option<W>, end: BodyEnd) {
    if let Some(mut watch) = watch.take() {
        watch.end(end);
    }
}

impl<B: Body, W: Watch> Body for WatchedBody<B, W> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(mut body) = this.body.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let _current = this.scope.as_mut().map(Scope::enter);
        let frame = ready!(body.as_mut().poll_frame(cx));
        if let Some(end) = look(this.watch, this.due, &frame, || body.is_end_stream()) {
            finish(this.watch, end);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// Shows a frame to the watch, and tells whether the body has ended with it.
#[inline]
fn look<D: bytes::Buf, E>(
    watch: &mut Option<impl Watch>,
    due: &mut BytesDue,
    frame: &Option<Result<Frame<D>, E>>,
    is_end_stream: impl FnOnce() -> bool,
) -> Option<BodyEnd> {
    let watch = watch.as_mut()?;
    match frame {
        Some(Ok(frame)) => match frame.data_ref() {
            Some(data) => {
                due.take(data.remaining());
                let done = show(watch, data).is_break();
                let last = due.is_zero() || is_end_stream();
                (done || last).then_some(BodyEnd::Complete)
            }
            None => Some(BodyEnd::Complete),
        },
        Some(Err(_)) => Some(BodyEnd::Failed),
        None if due.is_some_owed() => Some(BodyEnd::Failed),
        None => Some(BodyEnd::Complete),
    }
}

fn show<D: bytes::Buf>(watch: &mut impl Watch, data: &D) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    let visible = visit_slices(data, |slice| {
        if flow.is_continue() {
            flow = watch.data(slice);
        }
    });
    if !visible {
        watch.unreadable();
    }
    flow
}
