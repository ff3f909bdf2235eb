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
/// ```
/// use mcp_trace_rmcp::RequestSpan;
/// use rmcp::{ServerHandler, tool, tool_handler, tool_router};
///
/// #[derive(Clone)]
/// struct WeatherTools;
///
/// #[tool_router]
/// impl WeatherTools {
///     #[tool(description = "The weather in Vienna")]
///     async fn get_weather(&self, span: RequestSpan) -> String {
///         span.set_attribute("weather.station", "VIE");
///         "22 °C".to_owned()
///     }
/// }
///
/// #[tool_handler]
/// impl ServerHandler for WeatherTools {}
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
