//! Baggage in both directions.

use mcp_trace::TraceContext;
use opentelemetry::Context;
use opentelemetry::baggage::{Baggage as OtelBaggage, BaggageExt, KeyValueMetadata};
use traceparent::baggage::{Baggage, MAX_BYTES, Writer};

/// Adds the baggage that the context carries. A layer has let it in by its name.
pub(super) fn with_baggage(attached: Context, context: &TraceContext) -> Context {
    let Some(list) = context.baggage().and_then(|list| Baggage::parse(list).ok()) else {
        return attached;
    };
    let there = attached.baggage();
    let mut members: Vec<_> = there
        .iter()
        .map(|(key, (value, more))| KeyValueMetadata::new(key.clone(), value.clone(), more.clone()))
        .collect();
    for member in list.iter() {
        let value: String = member.value.decode().collect();
        // Where the application has the same already, it may have said more about it.
        if there
            .get(member.key)
            .is_none_or(|old| old.as_str() != value)
        {
            members.push(KeyValueMetadata::new(member.key.to_owned(), value, ""));
        }
    }
    attached.with_baggage(members)
}

/// OpenTelemetry's baggage as the value of a header, in the order of the keys. What does not fit
/// or cannot be written is left out, and so is the metadata, whose form is the application's own.
pub(super) fn as_list(baggage: &OtelBaggage) -> String {
    let mut members: Vec<_> = baggage.iter().collect();
    members.sort_by_key(|(key, _)| key.as_str());
    let mut buffer = [0; MAX_BYTES];
    let mut writer = Writer::new(&mut buffer);
    for (key, (value, _)) in members {
        // A member that is refused leaves the list as it was.
        let _ = writer.push(key.as_str(), value.as_str());
    }
    writer.finish().as_str().to_owned()
}
