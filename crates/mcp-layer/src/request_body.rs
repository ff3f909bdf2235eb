use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use mcp_trace::body::visit_slices;
use pin_project_lite::pin_project;

use crate::exchange::Exchange;

pin_project! {
    /// The body of a request, read along while the inner service reads it.
    ///
    /// Nothing is buffered or delayed: every frame is passed on as it came.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        body: B,
        // `None` where there is nothing, or nothing more, to learn.
        exchange: Option<Arc<Exchange>>,
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn new(body: B, exchange: Option<Arc<Exchange>>) -> Self {
        Self { body, exchange }
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
        if let Some(exchange) = this.exchange {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        let visible = visit_slices(data, |piece| exchange.read(piece));
                        if !visible || this.body.is_end_stream() {
                            exchange.read_all();
                        }
                    }
                }
                Some(Err(_)) | None => exchange.read_all(),
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

impl<B: Default> Default for RequestBody<B> {
    fn default() -> Self {
        Self::unread(B::default())
    }
}
