use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use mcp_trace::body::visit_slices;
use pin_project_lite::pin_project;

use crate::reading::Reading;

pin_project! {
    /// The body of a request, read along while the inner service reads it.
    ///
    /// Nothing is buffered or delayed: every frame is passed on as it came.
    pub struct RequestBody<B> {
        #[pin]
        body: B,
        // `None` where there is nothing, or nothing more, to learn.
        reading: Option<Arc<Reading>>,
    }
}

impl<B> RequestBody<B> {
    #[inline]
    pub(crate) fn new(body: B, reading: Option<Arc<Reading>>) -> Self {
        Self { body, reading }
    }

    pub(crate) fn unread(body: B) -> Self {
        Self::new(body, None)
    }

    /// The body that came in.
    pub fn into_inner(self) -> B {
        self.body
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if let Some(reading) = this.reading {
            let is_open = match &frame {
                Some(Ok(frame)) => read(reading, frame),
                Some(Err(_)) | None => true,
            };
            let is_whole = !matches!(frame, Some(Ok(_))) || this.body.is_end_stream();
            if is_open && is_whole {
                reading.read_all();
            }
            if !is_open || is_whole {
                *this.reading = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Returns whether more may be learnt.
fn read<D: Buf>(reading: &Reading, frame: &Frame<D>) -> bool {
    let mut is_open = true;
    if let Some(data) = frame.data_ref() {
        let is_visible = visit_slices(data, |piece| is_open = reading.read(piece));
        if !is_visible {
            reading.read_all();
            is_open = false;
        }
    }
    is_open
}

impl<B: Default> Default for RequestBody<B> {
    fn default() -> Self {
        Self::unread(B::default())
    }
}

/// Does not show the body.
impl<B> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("reading", &self.reading)
            .finish_non_exhaustive()
    }
}
