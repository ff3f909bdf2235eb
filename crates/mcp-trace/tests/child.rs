//! Work between a request and the calls made for it.

use std::sync::Arc;
use std::time::Duration;

use mcp_trace::{
    End, MemorySink, Outcome, SpanKind, agent_span, child_span, current, current_span, set_llm,
    traceparent_headers,
};

#[tokio::test]
async fn it_is_below_what_is_current_and_calls_are_below_it() {
    let sink = Arc::new(MemorySink::default());
    let sent = agent_span("planner").with_sink(sink.clone()).run(async {
        set_llm("openai", "gpt-4o");
        child_span("look up")
            .run(async { traceparent_headers() })
            .await
    });
    let sent = sent.await;
    let [child, agent] = sink.take().try_into().unwrap();
    assert_eq!(
        (child.name().as_ref(), child.kind),
        ("look up", SpanKind::Internal)
    );
    assert_eq!(child.parent_id(), Some(agent.span_id()));
    assert_eq!(child.end, End::Complete);
    assert_eq!(sent["traceparent"], child.context.traceparent().to_string());
    assert_eq!(child.agent.unwrap().model(), Some("gpt-4o"));
}

#[tokio::test]
async fn its_failure_and_its_cancellation_are_its_own() {
    let sink = Arc::new(MemorySink::default());
    let work = async {
        let failing = async {
            current_span()
                .unwrap()
                .set_outcome(Outcome::failed("no_answer"))
        };
        child_span("fail").run(failing).await;
        let hanging = child_span("hang").run(std::future::pending::<()>());
        tokio::time::timeout(Duration::from_millis(5), hanging)
            .await
            .unwrap_err();
    };
    agent_span("planner")
        .with_sink(sink.clone())
        .run(work)
        .await;
    let [failed, hung, agent] = sink.take().try_into().unwrap();
    assert_eq!(failed.outcome.error_type.unwrap(), "no_answer");
    assert_eq!(hung.end, End::Cancelled);
    assert!(!agent.outcome.is_error());
}

#[tokio::test]
async fn outside_of_a_trace_it_is_nothing() {
    let sink = Arc::new(MemorySink::default());
    let _default = mcp_trace::set_default_sink(sink.clone()).unwrap();
    assert_eq!(child_span("look up").run(async { current() }).await, None);
    assert!(sink.is_empty());
}
