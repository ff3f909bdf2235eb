//! Baggage that came in, as OpenTelemetry's.

use mcp_trace::TraceContext;
use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt, KeyValueMetadata};
use traceparent::baggage::Baggage;

/// Adds the baggage that the context carries. A layer has let it in by its name.
pub(super) fn with_baggage(attached: Context, context: &TraceContext) -> Context {
    let Some(list) = context.baggage().and_then(|list| Baggage::parse(list).ok()) else {
        return attached;
    };
    let members: Vec<_> = list
        .iter()
        .map(|member| {
            let value: String = member.value.decode().collect();
            KeyValueMetadata::new(member.key.to_owned(), value, String::new())
        })
        .collect();
    attached.with_baggage(members)
}
