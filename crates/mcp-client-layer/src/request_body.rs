use bytes::{Buf, Bytes};
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{Either, Empty, Full, StreamBody};

/// The body of a request, which carries the context in `_meta` if it is in memory.
///
/// A body that is a stream takes the default: it is sent as it is, and the headers alone carry
/// the context.
///
/// ```
/// use mcp_client_layer::RequestBody;
///
/// struct MyBody(Vec<u8>);
///
/// impl RequestBody for MyBody {
///     fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
///         if let Some(edited) = edit(&self.0) {
///             self.0 = edited;
///         }
///     }
/// }
/// ```
pub trait RequestBody {
    /// Shows the whole body to `edit`, once, and puts what that returns into its place.
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        let _ = edit;
    }
}

impl RequestBody for Vec<u8> {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        if let Some(edited) = edit(self) {
            *self = edited;
        }
    }
}

impl RequestBody for Bytes {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        if let Some(edited) = edit(self) {
            *self = edited.into();
        }
    }
}

impl RequestBody for String {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        // What is added to a string is a string.
        if let Some(Ok(edited)) = edit(self.as_bytes()).map(String::from_utf8) {
            *self = edited;
        }
    }
}

impl<D: Buf + From<Vec<u8>>> RequestBody for Full<D> {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        let Some(data) = std::mem::take(self).into_inner() else {
            return;
        };
        let whole = data.chunk().len() == data.remaining();
        let edited = if whole { edit(data.chunk()) } else { None };
        *self = Full::new(edited.map_or(data, D::from));
    }
}

impl<L: RequestBody, R: RequestBody> RequestBody for Either<L, R> {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        match self {
            Self::Left(body) => body.edit(edit),
            Self::Right(body) => body.edit(edit),
        }
    }
}

impl<B: RequestBody + ?Sized> RequestBody for Box<B> {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        (**self).edit(edit);
    }
}

impl RequestBody for () {}
impl<D> RequestBody for Empty<D> {}
impl<S> RequestBody for StreamBody<S> {}
impl<D, E> RequestBody for BoxBody<D, E> {}
impl<D, E> RequestBody for UnsyncBoxBody<D, E> {}

/// A stream, whatever it was made from: axum does not say.
#[cfg(feature = "axum")]
impl RequestBody for axum_core::body::Body {}

#[cfg(feature = "hyper")]
impl RequestBody for hyper::body::Incoming {}

#[cfg(feature = "reqwest")]
impl RequestBody for reqwest::Body {
    fn edit(&mut self, edit: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        if let Some(edited) = self.as_bytes().and_then(edit) {
            *self = edited.into();
        }
    }
}
