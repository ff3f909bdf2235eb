//! The span of the request as an argument of `#[tool]` functions.

use std::ops::Deref;
use std::sync::Arc;

use mcp_trace::ActiveSpan;
use rmcp::ErrorData;
use rmcp::handler::server::common::{AsRequestContext, FromContextPart};

use crate::ContextExt;

/// The span of the request, as an argument of rmcp's `#[tool]` and `#[prompt]` functions.
///
/// What it holds is that of [`ContextExt::span`]; it never fails. Without
/// [`TracedHandler`](crate::TracedHandler) put it before an argument of type
/// `RequestMetaObject`, which takes the request's `_meta` away.
///
/// ```ignore
/// #[tool(description = "The weather of a city")]
/// async fn get_weather(&self, span: RequestSpan, Parameters(city): Parameters<City>) -> String {
///     span.set_attribute("weather.city", city.name.as_str());
///     // ..
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequestSpan(pub Arc<ActiveSpan>);

impl Deref for RequestSpan {
    type Target = Arc<ActiveSpan>;

    fn deref(&self) -> &Arc<ActiveSpan> {
        &self.0
    }
}

impl<C: AsRequestContext> FromContextPart<C> for RequestSpan {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Ok(Self(context.as_request_context().span()))
    }
}
