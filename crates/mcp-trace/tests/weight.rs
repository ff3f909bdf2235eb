//! What a record weighs in a queue: all that a caller can make long.

use std::sync::Arc;

use mcp_trace::{
    ActiveSpan, Attribute, McpCall, MemorySink, Method, Outcome, SpanKind, SpanRecord, TraceContext,
};

const LONG: usize = 400;

fn recorded(above: &TraceContext, change: impl FnOnce(&ActiveSpan)) -> SpanRecord {
    let sink = Arc::new(MemorySink::default());
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some("greet"), None);
    let span = ActiveSpan::builder(SpanKind::Server)
        .under(Some(above.clone()))
        .sink(sink.clone())
        .start(call);
    change(&span);
    span.end();
    sink.take().remove(0)
}

#[test]
fn nothing_that_can_be_long_is_forgotten() {
    let above = TraceContext::new_root();
    let long = "x".repeat(LONG);
    let state = above
        .clone()
        .with_tracestate(&format!("a={}", "v".repeat(200)));
    let baggage = above.clone().with_baggage(&format!("k={long}"));
    let bare = recorded(&above, |_| {}).weight();
    let add = |what: &str, added: usize, heavy: SpanRecord| {
        let more = heavy.weight() - bare;
        assert!(more >= added, "{what}: {more} for {added} bytes");
    };
    add("tracestate", 200, recorded(&state, |_| {}));
    add("baggage", LONG, recorded(&baggage, |_| {}));
    add(
        "a link's tracestate",
        200,
        recorded(&above, |span| span.add_link(state.clone())),
    );
    add(
        "a link's baggage",
        LONG,
        recorded(&above, |span| span.add_link(baggage.clone())),
    );
    add(
        "an attribute",
        LONG,
        recorded(&above, |span| span.set_attribute("k", &*long)),
    );
    add(
        "an event's name",
        LONG,
        recorded(&above, |span| span.add_event(&long, Vec::new())),
    );
    let attribute = Attribute::new("k", &*long);
    add(
        "an event's attribute",
        LONG,
        recorded(&above, |span| span.add_event("e", vec![attribute])),
    );
    add(
        "a message",
        LONG,
        recorded(&above, |span| {
            span.set_outcome(Outcome::failed("e").with_message(&long))
        }),
    );
    let update = |change: fn(&mut McpCall, mcp_trace::Text)| {
        recorded(&above, |span| {
            span.update_operation(|operation| {
                if let mcp_trace::Operation::Mcp(call) = operation {
                    change(call, long.as_str().into());
                }
            });
        })
    };
    add(
        "a tool",
        LONG - 5,
        update(|call, text| call.target = Some(text)),
    );
    add(
        "an id",
        LONG,
        update(|call, text| call.request_id = Some(text)),
    );
    add(
        "a session",
        LONG,
        update(|call, text| call.session_id = Some(text)),
    );
    add(
        "a method",
        128,
        update(|call, text| call.method = Method::parse(text.as_str())),
    );
}
