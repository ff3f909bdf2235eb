//! Operations are counted whether their spans are recorded or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_trace::{
    ActiveSpan, AttributeVisitor, DiscardSink, End, EndedOperation, McpCall, Method, Network,
    ObserverGuard, OperationObserver, Outcome, ProtocolVersion, SpanKind, SpanRecord, SpanSink,
    TraceContext, add_observer, endpoint,
};

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(SpanKind, String, Vec<String>)>>);

struct Words(Vec<String>);

impl AttributeVisitor for Words {
    fn text(&mut self, key: &str, value: &str) {
        self.0.push(format!("{key}={value}"));
    }
    fn int(&mut self, key: &str, value: i64) {
        self.0.push(format!("{key}={value}"));
    }
    fn float(&mut self, _: &str, _: f64) {
        unreachable!()
    }
    fn bool(&mut self, _: &str, _: bool) {
        unreachable!()
    }
}

impl OperationObserver for Seen {
    fn observe(&self, operation: &EndedOperation<'_>) {
        let Some(metric) = operation.metric() else {
            return;
        };
        let mut words = Words(Vec::new());
        operation.visit_metric_attributes(&mut words);
        assert!(operation.duration < Duration::from_secs(60));
        self.0
            .lock()
            .unwrap()
            .push((operation.kind, metric.to_owned(), words.0));
    }
}

impl Seen {
    fn take(&self) -> Vec<(SpanKind, String, Vec<String>)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[derive(Debug)]
struct Unreachable;

impl SpanSink for Unreachable {
    fn record(&self, _: SpanRecord) {
        unreachable!("not sampled")
    }
}

fn call(tool: &str) -> McpCall {
    let mut call = McpCall::new(Method::ToolsCall);
    call.set_target(Some(tool), None);
    call
}

// One test: observers belong to the process.
#[test]
fn every_call_is_observed_once() {
    let seen = Arc::new(Seen::default());
    let unsampled = TraceContext::new_root().with_sampled(false);
    let start = |sink: Option<Arc<dyn SpanSink>>| {
        ActiveSpan::builder(SpanKind::Server)
            .under(Some(unsampled.clone()))
            .maybe_sink(sink)
            .start(call("t"))
    };
    let before = start(None);
    assert!(!before.is_observed());
    let guard = add_observer(seen.clone());
    assert!(before.is_observed());
    before.end();
    let expected = [
        "mcp.method.name=tools/call",
        "gen_ai.operation.name=execute_tool",
        "gen_ai.tool.name=t",
    ];
    let metric = "mcp.server.operation.duration".to_owned();
    assert_eq!(
        seen.take(),
        [(
            SpanKind::Server,
            metric,
            expected.map(str::to_owned).to_vec()
        )]
    );

    // Not sampled.
    start(Some(Arc::new(Unreachable))).end_as(End::Cancelled);
    assert!(
        seen.take()[0]
            .2
            .contains(&"error.type=cancelled".to_owned())
    );

    // A span that only passes on is no call: who makes the span counts.
    ActiveSpan::builder(SpanKind::Server)
        .propagate_only()
        .start(call("t"))
        .end();
    let given_up = ActiveSpan::builder(SpanKind::Server)
        .incoming(None)
        .start(call("t"));
    given_up.pass_through(None);
    given_up.end();
    ActiveSpan::propagating(Some(unsampled.clone())).end();
    assert_eq!(seen.take(), []);

    // By hand inside an open span: one call, sampled or not.
    let span = start(None);
    let mut body = std::pin::pin!(endpoint("t", async { Ok::<_, String>(()) }));
    {
        let _scope = mcp_trace::ScopeGuard::enter(span.clone());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(body.as_mut().poll(&mut cx).is_ready());
    }
    span.end();
    assert_eq!(seen.take().len(), 1);

    // What a caller makes up does not become a label where that can be known.
    let mut call = call("made-up");
    call.protocol_version = ProtocolVersion::parse("1999-01-01");
    call.session_id = Some("s".into());
    call.request_id = Some("1".into());
    call.network = Network::http(http::Version::HTTP_11);
    let span = ActiveSpan::builder(SpanKind::Server)
        .sink(Arc::new(DiscardSink::default()))
        .start(call);
    span.set_outcome(Outcome::rpc_error(SpanKind::Server, -32602, "unknown tool"));
    span.end();
    let expected = [
        "mcp.method.name=tools/call",
        "gen_ai.operation.name=execute_tool",
        "rpc.response.status_code=-32602",
        "network.transport=tcp",
        "network.protocol.name=http",
        "network.protocol.version=1.1",
    ];
    assert_eq!(seen.take()[0].2, expected);

    drop(guard);
    start(None).end();
    assert_eq!(seen.take(), []);

    // It may change who is told, and is not told of what it has left.
    let leaves = Arc::new(Leaves::default());
    *leaves.guard.lock().unwrap() = Some(add_observer(leaves.clone()));
    start(None).end();
    start(None).end();
    assert_eq!(leaves.seen.take().len(), 1);
}

/// Removes itself when it is told something.
#[derive(Debug, Default)]
struct Leaves {
    seen: Seen,
    guard: Mutex<Option<ObserverGuard>>,
}

impl OperationObserver for Leaves {
    fn observe(&self, operation: &EndedOperation<'_>) {
        self.seen.observe(operation);
        let guard = self.guard.lock().unwrap().take();
        drop(guard);
    }
}
