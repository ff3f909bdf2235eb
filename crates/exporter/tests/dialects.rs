//! One record, two dialects: one test for each cell of the table.
//!
//! | | Rastir | OTLP |
//! |---|---|---|
//! | CLIENT span of a tool call | `X`, `tool` | `tools/call X`, CLIENT |
//! | SERVER span of a tool call | `mcpserver:X`, `tool` | `tools/call X`, SERVER |
//! | tool | `tool_name` | `gen_ai.tool.name` |
//! | remote | `"true"` on CLIENT, `"false"` on SERVER | the kind, and the same |
//! | agent, model, provider | same keys | same keys, beside `gen_ai.*` on the agent's span |
//! | other methods | `system` | by the conventions |
//! | agent span | `agent` | INTERNAL |

use std::sync::Arc;

use mcp_trace::{
    ActiveSpan, McpCall, MemorySink, Method, Outcome, ScopeGuard, SpanKind, SpanRecord, agent_span,
    set_llm,
};
use mcp_trace_exporter::{Encoder, OtlpProtobuf, Rastir, Resource};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind as OtlpKind};
use prost::Message;
use serde_json::Value;

/// A call under an agent that has asked a model, and the agent's own span.
fn call(kind: SpanKind, method: Method, target: Option<&str>, outcome: Outcome) -> [SpanRecord; 2] {
    let sink = Arc::new(MemorySink::default());
    let agent = agent_span("qa_agent").with_sink(sink.clone()).start();
    let scope = ScopeGuard::enter(agent.clone());
    set_llm("openai", "gpt-4o");
    let mut call = McpCall::new(method);
    call.set_target(target, target);
    let span = ActiveSpan::builder(kind).start(call);
    span.set_outcome(outcome);
    span.end();
    drop(scope);
    agent.end();
    sink.take().try_into().unwrap()
}

fn tool_call(kind: SpanKind) -> SpanRecord {
    call(kind, Method::ToolsCall, Some("search"), Outcome::default())[0].clone()
}

fn agent() -> SpanRecord {
    call(SpanKind::Client, Method::Ping, None, Outcome::default())[1].clone()
}

fn resource() -> Resource {
    Resource::new("rust-agent")
}

fn rastir(span: &SpanRecord) -> Value {
    let body: Value =
        serde_json::from_slice(&Rastir::new(&resource()).request(std::slice::from_ref(span)))
            .unwrap();
    assert_eq!(body["service"], "rust-agent");
    body["spans"][0].clone()
}

fn otlp(span: &SpanRecord) -> Span {
    let body = OtlpProtobuf::new(&resource()).request(std::slice::from_ref(span));
    let mut request = ExportTraceServiceRequest::decode(&*body).unwrap();
    request
        .resource_spans
        .remove(0)
        .scope_spans
        .remove(0)
        .spans
        .remove(0)
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let mut values = span
        .attributes
        .iter()
        .filter(|attribute| attribute.key == key);
    let value = values.next()?.value.as_ref()?.value.as_ref()?;
    assert!(values.next().is_none(), "{key} twice");
    let AnyValue::StringValue(text) = value else {
        panic!("{key} is no string: {value:?}")
    };
    Some(text.clone())
}

#[test]
fn client_span_of_a_tool_call_in_rastir() {
    let span = rastir(&tool_call(SpanKind::Client));
    assert_eq!(
        (&span["name"], &span["span_type"], &span["status"]),
        (&"search".into(), &"tool".into(), &"OK".into())
    );
}

#[test]
fn client_span_of_a_tool_call_in_otlp() {
    let span = otlp(&tool_call(SpanKind::Client));
    assert_eq!(
        (span.name.as_str(), span.kind()),
        ("tools/call search", OtlpKind::Client)
    );
}

#[test]
fn server_span_of_a_tool_call_in_rastir() {
    let span = rastir(&tool_call(SpanKind::Server));
    assert_eq!(
        (&span["name"], &span["span_type"]),
        (&"mcpserver:search".into(), &"tool".into())
    );
}

#[test]
fn server_span_of_a_tool_call_in_otlp() {
    let span = otlp(&tool_call(SpanKind::Server));
    assert_eq!(
        (span.name.as_str(), span.kind()),
        ("tools/call search", OtlpKind::Server)
    );
}

#[test]
fn tool_in_rastir() {
    for kind in [SpanKind::Client, SpanKind::Server] {
        assert_eq!(
            rastir(&tool_call(kind))["attributes"]["tool_name"],
            "search"
        );
    }
}

#[test]
fn tool_in_otlp() {
    let span = otlp(&tool_call(SpanKind::Client));
    assert_eq!(attribute(&span, "gen_ai.tool.name").unwrap(), "search");
    assert_eq!(attribute(&span, "tool_name"), None);
}

#[test]
fn remote_in_rastir() {
    assert_eq!(
        rastir(&tool_call(SpanKind::Client))["attributes"]["remote"],
        "true"
    );
    assert_eq!(
        rastir(&tool_call(SpanKind::Server))["attributes"]["remote"],
        "false"
    );
}

#[test]
fn remote_in_otlp() {
    assert_eq!(
        attribute(&otlp(&tool_call(SpanKind::Client)), "remote").unwrap(),
        "true"
    );
    assert_eq!(
        attribute(&otlp(&tool_call(SpanKind::Server)), "remote").unwrap(),
        "false"
    );
}

#[test]
fn agent_model_and_provider_in_rastir() {
    for span in [tool_call(SpanKind::Client), agent()] {
        let attributes = rastir(&span)["attributes"].clone();
        assert_eq!(attributes["agent"], "qa_agent");
        assert_eq!(attributes["model"], "gpt-4o");
        assert_eq!(attributes["provider"], "openai");
    }
}

#[test]
fn agent_model_and_provider_in_otlp() {
    for span in [tool_call(SpanKind::Client), agent()] {
        let span = otlp(&span);
        for (key, value) in [
            ("agent", "qa_agent"),
            ("model", "gpt-4o"),
            ("provider", "openai"),
        ] {
            assert_eq!(attribute(&span, key).unwrap(), value);
        }
    }
    let agent = otlp(&agent());
    for (key, value) in [
        ("gen_ai.agent.name", "qa_agent"),
        ("gen_ai.request.model", "gpt-4o"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.operation.name", "invoke_agent"),
    ] {
        assert_eq!(attribute(&agent, key).unwrap(), value);
    }
    assert_eq!(
        attribute(&otlp(&tool_call(SpanKind::Client)), "gen_ai.agent.name"),
        None
    );
}

#[test]
fn other_methods_in_rastir() {
    let [span, _] = call(
        SpanKind::Server,
        Method::ResourcesRead,
        Some("file:///a"),
        Outcome::default(),
    );
    let span = rastir(&span);
    assert_eq!(
        (&span["name"], &span["span_type"]),
        (&"resources/read".into(), &"system".into())
    );
}

#[test]
fn other_methods_in_otlp() {
    let [span, _] = call(
        SpanKind::Server,
        Method::ResourcesRead,
        Some("file:///a"),
        Outcome::default(),
    );
    let span = otlp(&span);
    assert_eq!(
        (span.name.as_str(), span.kind()),
        ("resources/read", OtlpKind::Server)
    );
    assert_eq!(attribute(&span, "mcp.resource.uri").unwrap(), "file:///a");
    assert_eq!(attribute(&span, "gen_ai.operation.name"), None);
}

#[test]
fn agent_span_in_rastir() {
    let span = rastir(&agent());
    assert_eq!(
        (&span["name"], &span["span_type"]),
        (&"qa_agent".into(), &"agent".into())
    );
    assert!(span["parent_span_id"].is_null());
}

#[test]
fn agent_span_in_otlp() {
    let span = otlp(&agent());
    assert_eq!(
        (span.name.as_str(), span.kind()),
        ("invoke_agent qa_agent", OtlpKind::Internal)
    );
    assert!(span.parent_span_id.is_empty());
}

#[test]
fn a_failed_tool_in_rastir() {
    let [span, _] = call(
        SpanKind::Client,
        Method::ToolsCall,
        Some("search"),
        Outcome::tool_error(),
    );
    let span = rastir(&span);
    assert_eq!(span["status"], "ERROR");
    assert_eq!(span["attributes"]["error.type"], "tool_error");
    assert_eq!(span["events"][0]["name"], "exception");
    assert_eq!(
        span["events"][0]["attributes"]["exception.type"],
        "tool_error"
    );
}

#[test]
fn a_failed_tool_in_otlp() {
    let [span, _] = call(
        SpanKind::Client,
        Method::ToolsCall,
        Some("search"),
        Outcome::tool_error(),
    );
    let span = otlp(&span);
    assert_eq!(span.status.as_ref().unwrap().code, 2);
    assert_eq!(attribute(&span, "error.type").unwrap(), "tool_error");
}

#[test]
fn what_rastirs_collector_cannot_bear_is_not_sent() {
    let body = Rastir::new(&resource()).request(&[tool_call(SpanKind::Client)]);
    let body: Value = serde_json::from_slice(&body).unwrap();
    // Its metrics fail on a null there; without a version the key is left out.
    assert_eq!(body["env"], "development");
    assert!(!body.as_object().unwrap().contains_key("version"));
    let span = &body["spans"][0];
    assert_eq!(span["service"], "rust-agent");
    assert_eq!(span["span_id"].as_str().unwrap().len(), 16);
    assert_eq!(span["parent_span_id"].as_str().unwrap().len(), 16);
    assert!(span["attributes"].is_object() && span["events"].is_array());
    for time in ["start_time", "end_time", "duration_ms"] {
        assert!(span[time].is_number(), "{time}");
    }
}
