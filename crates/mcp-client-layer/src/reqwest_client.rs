//! reqwest's own request and response types.

use http::response::Builder;
use reqwest::{Body, Request, Response, ResponseBuilderExt};

use crate::config::Config;
use crate::exchange::Exchange;
use crate::head::{Head, Headers, without_brackets};
use crate::plan::Plan;
use crate::{AlreadyTraced, ResponseBody, TracedRequest, TracedResponse, request, response};

/// Writes the context into a request.
pub(crate) fn depart(
    mut request: Request,
    mark: Option<AlreadyTraced>,
    config: &Config,
    exchange: &mut Option<Exchange>,
) -> Request {
    let head = Head {
        method: request.method(),
        version: request.version(),
        host: request.url().host_str().map(without_brackets),
        port: request.url().port_or_known_default(),
        headers: request.headers(),
        found: Headers::of(request.headers()),
        mark,
        above: None,
    };
    let mut plan = Plan::new(exchange);
    let body = request.body().and_then(Body::as_bytes);
    if let Some(edited) = plan.make(config, &head, body) {
        *request.body_mut() = Some(edited.into());
    }
    plan.apply(config, request.headers_mut());
    request
}

impl request::sealed::Sealed for Request {}

impl TracedRequest for Request {
    fn depart(self, config: &Config, exchange: &mut Option<Exchange>) -> Self {
        depart(self, None, config, exchange)
    }
}

impl response::sealed::Sealed for Response {}

impl TracedResponse for Response {
    type Watched = Self;

    fn watch(self, exchange: Option<Exchange>) -> Self {
        let is_observed =
            |exchange: &Exchange| exchange.span().is_some_and(|span| span.is_observed());
        let Some(exchange) = exchange.filter(is_observed) else {
            return self;
        };
        // An `http::Response` has no URL; reqwest takes it back from this extension.
        let url = Builder::new()
            .url(self.url().clone())
            .body(())
            .map(|head| head.into_parts().0.extensions);
        let (mut parts, body) = http::Response::<Body>::from(self).into_parts();
        if let Ok(url) = url {
            parts.extensions.extend(url);
        }
        let body = ResponseBody::new(&parts, body, Some(exchange));
        http::Response::from_parts(parts, Body::wrap(body)).into()
    }
}
