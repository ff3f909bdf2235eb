//! The context in the `_meta` of a message.

use http::{HeaderMap, HeaderValue};
use mcp_envelope::{Message, MetaValue, Outgoing};
use mcp_trace::TraceContext;
use mcp_trace::carrier::{BaggageFilter, extract_values, inject_headers};

/// The context that is there.
pub(crate) fn read(message: &Message, filter: &BaggageFilter) -> Option<TraceContext> {
    let trace = message.trace();
    extract_values(
        trace.traceparent().text()?.as_bytes(),
        trace.tracestate().text().map(str::as_bytes),
        trace.baggage().text().map(str::as_bytes),
        filter,
    )
    .into_context()
}

/// The message with `context`, in the place of another one.
pub(crate) fn write(
    outgoing: &Outgoing<'_>,
    context: &TraceContext,
    filter: &BaggageFilter,
) -> Option<Vec<u8>> {
    let traceparent = context.traceparent().to_bytes();
    let traceparent = ("traceparent", std::str::from_utf8(&traceparent).ok()?);
    let baggage = allowed_baggage(context, filter);
    let baggage = baggage.as_ref().and_then(|list| list.to_str().ok());
    let others = [
        context.tracestate().map(|list| ("tracestate", list)),
        baggage.map(|list| ("baggage", list)),
    ];
    let mut members = [traceparent; 3];
    let mut count = 1;
    for (slot, member) in members[1..].iter_mut().zip(others.into_iter().flatten()) {
        *slot = member;
        count += 1;
    }
    let members = members.get(..count)?;
    let there = outgoing.message().trace();
    if there.traceparent() == MetaValue::Invalid {
        // What is no string is not ours to repair, and counts as absent where it is read.
        return None;
    }
    // Of another context. Baggage of the program's own stays, unless ours is to be there.
    let others = [there.traceparent(), there.tracestate()];
    let has_baggage = baggage.is_some() && there.baggage() != MetaValue::Absent;
    if others == [MetaValue::Absent; 2] && !has_baggage {
        return Some(outgoing.splice(members).ok()?.apply());
    }
    let gone: &[&str] = match has_baggage {
        true => &["traceparent", "tracestate", "baggage"],
        false => &["traceparent", "tracestate"],
    };
    let bare = outgoing.without(gone);
    Some(Outgoing::scan(&bare).splice(members).ok()?.apply())
}

/// The baggage that may leave.
fn allowed_baggage(context: &TraceContext, filter: &BaggageFilter) -> Option<HeaderValue> {
    context.baggage()?;
    let mut headers = HeaderMap::new();
    inject_headers(context, filter, &mut headers);
    headers.remove("baggage")
}
