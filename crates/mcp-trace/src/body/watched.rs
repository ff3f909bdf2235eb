//! A body that tells when it has ended.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{BytesDue, visit_slices};
use crate::{ActiveSpan, Scope};

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

/// Sees the body of an answer pass by, for the span of its request. That is not current meanwhile.
pub trait Watch {
    /// A piece of the body is handed over. [`ControlFlow::Break`] means that what was
    /// awaited is complete: [`end`](Self::end) follows at once and nothing more is shown.
    fn data(&mut self, span: &ActiveSpan, piece: &[u8]) -> ControlFlow<()>;

    /// A piece cannot be seen; it counts as seen otherwise.
    fn unreadable(&mut self, span: &ActiveSpan) {
        let _ = span;
    }

    /// The body has ended; called exactly once. What is to end the span, this does.
    fn end(&mut self, span: &ActiveSpan, end: BodyEnd);
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
        // The span that is watched for. `None` leaves what is current as it is.
        scope: Option<Scope>,
    }

    impl<B, W: Watch> PinnedDrop for WatchedBody<B, W> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // Also where the body panics.
            let dropped = Dropped { watch: this.watch, scope: this.scope };
            let _current = dropped.scope.as_mut().map(Scope::enter);
            this.body.set(None);
        }
    }
}

impl<B: Body, W: Watch> WatchedBody<B, W> {
    /// Watches `body` for `span`, which is current whenever the body is polled and dropped.
    ///
    /// Where nothing is due it has ended already.
    #[inline]
    pub fn new(body: B, due: BytesDue, watch: W, span: Arc<ActiveSpan>) -> Self {
        let mut watch = Some(watch);
        if due.is_zero() || body.is_end_stream() {
            finish(&mut watch, &span, BodyEnd::Complete);
        }
        Self {
            body: Some(body),
            due,
            watch,
            scope: Some(span.into()),
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

/// Tells the watch that the body is gone.
struct Dropped<'a, W: Watch> {
    watch: &'a mut Option<W>,
    scope: &'a mut Option<Scope>,
}

impl<W: Watch> Drop for Dropped<'_, W> {
    fn drop(&mut self) {
        if let Some(span) = self.scope.as_ref().and_then(Scope::span) {
            finish(self.watch, span, BodyEnd::Dropped);
        }
    }
}

fn finish<W: Watch>(watch: &mut Option<W>, span: &ActiveSpan, end: BodyEnd) {
    if let Some(mut watch) = watch.take() {
        watch.end(span, end);
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
        let frame = ready!({
            let _current = this.scope.as_mut().map(Scope::enter);
            body.as_mut().poll_frame(cx)
        });
        if let (Some(watch), Some(span)) =
            (&mut *this.watch, this.scope.as_ref().and_then(Scope::span))
        {
            let end = look(watch, this.due, span, &frame, || body.is_end_stream());
            if let Some(end) = end {
                finish(this.watch, span, end);
            }
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
    watch: &mut impl Watch,
    due: &mut BytesDue,
    span: &ActiveSpan,
    frame: &Option<Result<Frame<D>, E>>,
    is_end_stream: impl FnOnce() -> bool,
) -> Option<BodyEnd> {
    match frame {
        Some(Ok(frame)) => match frame.data_ref() {
            Some(data) => {
                due.take(data.remaining());
                let done = show(watch, span, data).is_break();
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

fn show<D: bytes::Buf>(watch: &mut impl Watch, span: &ActiveSpan, data: &D) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    let visible = visit_slices(data, |slice| {
        if flow.is_continue() {
            flow = watch.data(span, slice);
        }
    });
    if !visible {
        watch.unreadable(span);
    }
    flow
}
