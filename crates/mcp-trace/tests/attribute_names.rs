//! Each attribute of a span has a name of its own, whatever the program adds.

use std::collections::BTreeMap;
use std::sync::Arc;

use mcp_trace::{
    ActiveSpan, AttributeVisitor, End, HttpCall, McpCall, MemorySink, Method, Network, NetworkPeer,
    Operation, Outcome, ProtocolVersion, SpanKind, SpanRecord, agent_span, set_llm,
};

#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn put(&mut self, key: &str, value: String) {
        assert_eq!(
            self.0.insert(key.to_owned(), value),
            None,
            "{key} comes twice"
        );
    }
}

impl AttributeVisitor for Names {
    fn text(&mut self, key: &str, value: &str) {
        self.put(key, value.to_owned());
    }
    fn int(&mut self, key: &str, value: i64) {
        self.put(key, value.to_string());
    }
    fn float(&mut self, key: &str, value: f64) {
        self.put(key, value.to_string());
    }
    fn bool(&mut self, key: &str, value: bool) {
        self.put(key, value.to_string());
    }
}

fn names(span: &SpanRecord) -> BTreeMap<String, String> {
    let mut names = Names::default();
    span.visit_attributes(&mut names);
    names.0
}

fn recorded(operation: impl Into<Operation>, change: impl FnOnce(&ActiveSpan)) -> SpanRecord {
    let sink = Arc::new(MemorySink::default());
    let span = ActiveSpan::builder(SpanKind::Client)
        .sink(sink.clone())
        .start(operation);
    change(&span);
    span.end_as(End::Detached);
    sink.take().remove(0)
}

/// A span that has everything that the conventions know.
fn full() -> Vec<Operation> {
    let mut network = Network::http(http::Version::HTTP_11);
    network.peer = Some(NetworkPeer::new("tools.example", Some(443)));
    let call = |method, target| {
        let mut call = McpCall::new(method);
        call.set_target(Some(target), Some(target));
        call.request_id = Some(7.into());
        call.session_id = Some("s".into());
        call.protocol_version = ProtocolVersion::parse("2025-11-25");
        call.network = network.clone();
        call.into()
    };
    let mut http = HttpCall::new(&http::Method::POST, network.clone());
    http.status_code = Some(200);
    vec![
        call(Method::ToolsCall, "greet"),
        call(Method::PromptsGet, "hello"),
        call(Method::ResourcesRead, "file:///a"),
        http.into(),
    ]
}

#[test]
fn what_the_conventions_say_is_not_said_again() {
    for operation in full() {
        let fail = |span: &ActiveSpan| {
            span.set_outcome(Outcome::rpc_error(SpanKind::Client, -32603, "boom"));
        };
        let own = names(&recorded(operation.clone(), fail));
        let both = recorded(operation, |span| {
            fail(span);
            for key in own.keys() {
                span.set_attribute(key.clone(), "the program's");
            }
            span.set_attribute("tenant", "gold");
            span.set_attribute("mcp.of.nobody", 1);
        });
        let mut expected = own.clone();
        expected.insert("tenant".to_owned(), "gold".to_owned());
        expected.insert("mcp.of.nobody".to_owned(), "1".to_owned());
        assert_eq!(names(&both), expected);
    }
}

#[test]
fn what_the_conventions_leave_open_is_the_programs() {
    let span = recorded(McpCall::new(Method::Ping), |span| {
        span.set_attribute("error.type", "mine");
        span.set_attribute("gen_ai.tool.name", "mine too");
    });
    let names = names(&span);
    assert_eq!(
        (&*names["error.type"], &*names["gen_ai.tool.name"]),
        ("mine", "mine too")
    );
}

#[tokio::test]
async fn of_an_agent() {
    let sink = Arc::new(MemorySink::default());
    let agent = agent_span("planner").with_sink(sink.clone());
    agent
        .run(async {
            set_llm("openai", "gpt-4o");
            let span = mcp_trace::current_span().unwrap();
            for key in ["agent", "model", "provider", "gen_ai.request.model"] {
                span.set_attribute(key, "the program's");
            }
        })
        .await;
    let names = names(&sink.take()[0]);
    assert!(
        !names.values().any(|value| value == "the program's"),
        "{names:?}"
    );
}
