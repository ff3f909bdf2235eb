//! What crosses threads stays able to; queues can count on the size of a record.

use std::fmt::Debug;
use std::future::Ready;

use mcp_trace::body::WatchedBody;
use mcp_trace::carrier::{BaggageFilter, Extracted};
use mcp_trace::{
    ActiveSpan, AgentContext, AgentSpan, ChildSpan, DiscardSink, FanOut, InTrace, MemorySink,
    Sampler, Scope, SpanBuilder, SpanGuard, SpanRecord, Text, TraceContext,
};

fn shared<T: Send + Sync + Debug>() {}
fn unpin<T: Unpin>() {}

#[test]
fn public_types_are_send_sync_and_debug() {
    shared::<ActiveSpan>();
    shared::<AgentContext>();
    shared::<AgentSpan>();
    shared::<BaggageFilter>();
    shared::<ChildSpan>();
    shared::<DiscardSink>();
    shared::<Extracted>();
    shared::<FanOut>();
    shared::<InTrace<Ready<()>>>();
    shared::<MemorySink>();
    shared::<Sampler>();
    shared::<Scope>();
    shared::<SpanBuilder>();
    shared::<SpanGuard>();
    shared::<SpanRecord>();
    shared::<Text>();
    shared::<TraceContext>();
}

#[test]
fn futures_and_bodies_stay_unpin_where_the_inner_one_is() {
    unpin::<InTrace<Ready<()>>>();
    unpin::<WatchedBody<http_body_util::Full<bytes::Bytes>, Never>>();
}

#[derive(Debug)]
struct Never;

impl mcp_trace::body::Watch for Never {
    fn data(&mut self, _: &ActiveSpan, _piece: &[u8]) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
    fn end(&mut self, _: &ActiveSpan, _end: mcp_trace::body::BodyEnd) {}
}

#[test]
fn a_record_is_small() {
    assert!(
        size_of::<SpanRecord>() <= 384,
        "{}",
        size_of::<SpanRecord>()
    );
}
