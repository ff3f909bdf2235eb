use http::Response;
use http_body::Body;

use crate::ResponseBody;
use crate::exchange::Exchange;

/// The answers that can be traced: [`http::Response`] and, with the feature `reqwest`,
/// `reqwest::Response`.
pub trait TracedResponse: sealed::Sealed {
    /// The answer with a body that is watched.
    type Watched;

    /// Watches the body, if the request has a span.
    #[doc(hidden)]
    fn watch(self, exchange: Option<Exchange>) -> Self::Watched;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<B> sealed::Sealed for Response<B> {}

impl<B: Body<Error: 'static>> TracedResponse for Response<B> {
    type Watched = Response<ResponseBody<B>>;

    #[inline]
    fn watch(self, exchange: Option<Exchange>) -> Self::Watched {
        let (parts, body) = self.into_parts();
        let body = ResponseBody::new(&parts, body, exchange);
        Response::from_parts(parts, body)
    }
}
