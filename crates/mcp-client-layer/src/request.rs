use http::Request;

use crate::RequestBody;
use crate::config::Config;
use crate::exchange::Exchange;
use crate::head::Head;
use crate::plan::Plan;

/// The requests that can be traced: [`http::Request`] with a [`RequestBody`] and, with the
/// feature `reqwest`, `reqwest::Request`.
pub trait TracedRequest: Sized + sealed::Sealed {
    /// Writes the context into the request, if one goes with it, and the span that it goes with into
    /// `exchange`.
    #[doc(hidden)]
    fn depart(self, config: &Config, exchange: &mut Option<Exchange>) -> Self;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<B: RequestBody> sealed::Sealed for Request<B> {}

impl<B: RequestBody> TracedRequest for Request<B> {
    fn depart(self, config: &Config, exchange: &mut Option<Exchange>) -> Self {
        let (mut parts, mut body) = self.into_parts();
        let mut plan = Plan::new(exchange);
        let mut is_made = false;
        body.edit(&mut |bytes| {
            is_made = true;
            plan.make(config, &Head::of(&parts), Some(bytes))
        });
        if !is_made {
            plan.make(config, &Head::of(&parts), None);
        }
        plan.apply(config, &mut parts.headers);
        Self::from_parts(parts, body)
    }
}
