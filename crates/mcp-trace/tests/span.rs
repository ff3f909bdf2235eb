//! The life of a span.

use std::sync::Arc;
use std::time::Duration;

use mcp_trace::{
    ActiveSpan, Attribute, DiscardSink, End, InTraceExt, McpCall, MemorySink, Method, Operation,
    Outcome, Sampler, SpanGuard, SpanKind, SpanRecord, SpanSink, Text, TraceContext, Trust, Value,
    agent_span, current_span, endpoint, set_llm,
};

fn sink() -> Arc<MemorySink> {
    Arc::new(MemorySink::default())
}

fn internal(name: &'static str) -> Operation {
    Operation::Internal {
        name: Text::from_static(name),
    }
}

fn incoming(header: Option<TraceContext>, sink: &Arc<MemorySink>) -> Arc<ActiveSpan> {
    ActiveSpan::builder(SpanKind::Server)
        .incoming(header)
        .sink(sink.clone())
        .start(McpCall::new(Method::Ping))
}

#[test]
fn it_ends_once_and_ignores_what_comes_later() {
    let sink = sink();
    let span = ActiveSpan::builder(SpanKind::Internal)
        .sink(sink.clone())
        .start(internal("work"));
    span.set_attribute("a", 1);
    span.set_attribute("a", 2);
    span.end();
    span.set_attribute("b", true);
    span.set_outcome(Outcome::tool_error());
    span.end_as(End::Cancelled);
    drop(span);
    let [record] = sink.take().try_into().unwrap();
    assert_eq!(record.attributes(), [Attribute::new("a", 2)]);
    assert_eq!(
        (record.end, record.outcome.is_error()),
        (End::Complete, false)
    );
}

#[test]
fn a_dropped_span_was_cancelled() {
    let sink = sink();
    drop(
        ActiveSpan::builder(SpanKind::Internal)
            .sink(sink.clone())
            .start(internal("work")),
    );
    let [record] = sink.take().try_into().unwrap();
    assert_eq!(
        (record.end, record.outcome.error_type.unwrap().as_str()),
        (End::Cancelled, "cancelled")
    );
}

#[test]
fn a_guard_dropped_by_a_panic_ends_it_with_an_error() {
    let sink = sink();
    let span = ActiveSpan::builder(SpanKind::Internal)
        .sink(sink.clone())
        .start(internal("work"));
    let guard = SpanGuard::new(span);
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _guard = guard;
        panic!("expected by the test");
    }));
    assert_eq!(
        sink.take()[0].outcome.error_type.as_ref().unwrap(),
        &"panic"
    );
}

#[test]
fn children_inherit_the_trace_and_the_sink() {
    let sink = sink();
    let parent = ActiveSpan::builder(SpanKind::Internal)
        .sink(sink.clone())
        .start(internal("parent"));
    let child = ActiveSpan::builder(SpanKind::Client)
        .child_of(parent.clone())
        .start(internal("child"));
    child.end();
    parent.end();
    let [child, parent] = sink.take().try_into().unwrap();
    assert_eq!(child.trace_id(), parent.trace_id());
    assert_eq!(child.parent_id(), Some(parent.span_id()));
    assert!(!child.parent.unwrap().remote);
    assert_eq!(parent.parent, None);
    assert!(parent.context.is_sampled() && parent.context.flags().is_random());
}

#[test]
fn without_a_sink_a_context_is_passed_on_unchanged() {
    let context = TraceContext::new_root();
    let span = ActiveSpan::builder(SpanKind::Client)
        .under(Some(context.clone()))
        .start(internal("x"));
    assert_eq!(span.context(), Some(&context));
    assert!(!span.is_recording());
    assert_eq!(
        ActiveSpan::builder(SpanKind::Client)
            .under(None)
            .start(internal("x"))
            .context(),
        None
    );
}

#[test]
fn an_unsampled_trace_is_propagated_and_not_recorded() {
    let sink = sink();
    let parent = TraceContext::new_root().with_sampled(false);
    let span = ActiveSpan::builder(SpanKind::Server)
        .under(Some(parent.clone()))
        .sink(sink.clone())
        .start(internal("x"));
    let own = span.context().unwrap().clone();
    assert_eq!(own.trace_id(), parent.trace_id());
    assert!(!own.is_sampled());
    span.end();
    assert!(sink.is_empty());
}

#[test]
fn the_message_is_the_parent_and_the_header_a_link() {
    let sink = sink();
    let (header, message) = (TraceContext::new_root(), TraceContext::new_root());
    let span = incoming(Some(header.clone()), &sink);
    span.resolve(Some(message.clone()));
    span.end();
    let [record] = sink.take().try_into().unwrap();
    assert_eq!(
        (record.trace_id(), record.parent_id()),
        (message.trace_id(), Some(message.span_id()))
    );
    assert_eq!(record.links(), [header]);
}

#[test]
fn who_observes_first_settles_the_parent() {
    let sink = sink();
    let (header, message) = (TraceContext::new_root(), TraceContext::new_root());
    let span = incoming(Some(header.clone()), &sink);
    assert_eq!(span.context().unwrap().trace_id(), header.trace_id());
    span.resolve(Some(message.clone()));
    span.end();
    let [record] = sink.take().try_into().unwrap();
    assert_eq!(record.parent_id(), Some(header.span_id()));
    assert_eq!(record.links(), [message]);
}

#[test]
fn the_same_context_in_both_carriers_makes_no_link() {
    let sink = sink();
    let header = TraceContext::new_root();
    let span = incoming(Some(header.clone()), &sink);
    span.resolve(Some(header.clone()));
    span.end();
    assert!(sink.take()[0].links().is_empty());
}

#[test]
fn a_message_without_a_header_makes_no_link() {
    let sink = sink();
    let span = incoming(None, &sink);
    span.resolve(Some(TraceContext::new_root()));
    span.end();
    assert!(sink.take()[0].links().is_empty());
}

#[test]
fn an_untrusted_callers_trace_is_restarted_and_linked_or_ignored() {
    let (header, message) = (TraceContext::new_root(), TraceContext::new_root());
    for (trust, header, message, links) in [
        (
            Trust::RestartAndLink,
            Some(&header),
            Some(&message),
            vec![&header, &message],
        ),
        (
            Trust::RestartAndLink,
            Some(&header),
            Some(&header),
            vec![&header],
        ),
        (Trust::RestartAndLink, Some(&header), None, vec![&header]),
        (Trust::RestartAndLink, None, Some(&message), vec![&message]),
        (Trust::Ignore, Some(&header), Some(&message), vec![]),
    ] {
        let sink = sink();
        let span = ActiveSpan::builder(SpanKind::Server)
            .incoming(header.cloned())
            .trust(trust)
            .sink(sink.clone())
            .start(McpCall::new(Method::Ping));
        span.resolve(message.cloned());
        span.end();
        let [record] = sink.take().try_into().unwrap();
        assert_eq!(record.parent, None);
        for foreign in [header, message].into_iter().flatten() {
            assert_ne!(record.trace_id(), foreign.trace_id());
        }
        assert_eq!(
            record.links().iter().collect::<Vec<_>>(),
            links,
            "{trust:?}"
        );
    }
}

#[test]
fn a_span_that_was_given_up_passes_the_header_on() {
    let sink = sink();
    let header = TraceContext::new_root();
    let span = incoming(Some(header.clone()), &sink);
    span.pass_through(None);
    assert_eq!(span.context(), Some(&header));
    span.end();
    assert!(sink.is_empty());
}

#[test]
fn a_span_that_was_observed_cannot_be_given_up() {
    let sink = sink();
    let span = incoming(None, &sink);
    let seen = span.context().unwrap().clone();
    span.pass_through(None);
    span.end();
    assert_eq!(sink.take()[0].context, seen);
}

#[test]
fn attributes_events_and_links_are_bounded_and_the_rest_counted() {
    let sink = sink();
    let span = ActiveSpan::builder(SpanKind::Internal)
        .sink(sink.clone())
        .start(internal("x"));
    for i in 0..200_i64 {
        span.set_attribute(format!("k{i}"), i);
        span.add_event("e", vec![Attribute::new("v", Value::Int(i))]);
        span.add_link(TraceContext::new_root());
    }
    span.end();
    let [record] = sink.take().try_into().unwrap();
    let max = SpanRecord::MAX_EXTRAS;
    assert_eq!(
        (
            record.attributes().len(),
            record.events().len(),
            record.links().len()
        ),
        (max, max, max)
    );
    assert_eq!(record.dropped() as usize, 3 * (200 - max));
}

#[test]
fn the_sinks_sampler_decides_for_roots_only() {
    #[derive(Debug)]
    struct Never(DiscardSink);
    impl SpanSink for Never {
        fn record(&self, span: SpanRecord) {
            self.0.record(span);
        }
        fn sampler(&self) -> Sampler {
            Sampler::NEVER
        }
    }
    let sink = Arc::new(Never(DiscardSink::default()));
    let root = ActiveSpan::builder(SpanKind::Internal)
        .under(None)
        .sink(sink.clone())
        .start(internal("x"));
    assert!(!root.context().unwrap().is_sampled());
    let parent = Some(TraceContext::new_root());
    let child = ActiveSpan::builder(SpanKind::Internal)
        .under(parent)
        .sink(sink)
        .start(internal("x"));
    assert!(child.context().unwrap().is_sampled());
}

#[tokio::test]
async fn each_tool_span_carries_the_model_before_it() {
    let sink = sink();
    let tool = || {
        ActiveSpan::builder(SpanKind::Client)
            .start(McpCall::new(Method::ToolsCall))
            .end()
    };
    agent_span("planner")
        .with_sink(sink.clone())
        .run(async {
            tool();
            set_llm("openai", "gpt-4o");
            tool();
            let task = tokio::spawn(async { set_llm("google", "gemini") }.in_trace(current_span()));
            task.await.unwrap();
            tool();
        })
        .await;
    let seen: Vec<_> = sink
        .take()
        .iter()
        .map(|span| {
            let agent = span.agent.as_ref().unwrap();
            (
                agent.name().to_owned(),
                agent.provider().map(str::to_owned),
                agent.model().map(str::to_owned),
            )
        })
        .collect();
    let with = |provider: Option<&str>, model: Option<&str>| {
        (
            "planner".to_owned(),
            provider.map(str::to_owned),
            model.map(str::to_owned),
        )
    };
    let last = with(Some("google"), Some("gemini"));
    assert_eq!(
        seen,
        [
            with(None, None),
            with(Some("openai"), Some("gpt-4o")),
            last.clone(),
            last
        ]
    );
}

#[tokio::test]
async fn a_nested_agent_has_its_own_model() {
    let sink = sink();
    agent_span("outer")
        .with_sink(sink.clone())
        .run(async {
            set_llm("openai", "gpt-4o");
            agent_span("inner")
                .run(async { set_llm("google", "gemini") })
                .await;
        })
        .await;
    let [inner, outer] = sink.take().try_into().unwrap();
    assert_eq!(inner.parent_id(), Some(outer.span_id()));
    assert_eq!(inner.agent.unwrap().model(), Some("gemini"));
    assert_eq!(outer.agent.unwrap().model(), Some("gpt-4o"));
}

#[tokio::test]
async fn a_dropped_agent_is_cancelled() {
    let sink = sink();
    let run = agent_span("slow")
        .with_sink(sink.clone())
        .run(std::future::pending::<()>());
    assert!(
        tokio::time::timeout(Duration::from_millis(5), run)
            .await
            .is_err()
    );
    assert_eq!(sink.take()[0].end, End::Cancelled);
}

#[tokio::test]
async fn endpoint_makes_a_server_span_and_enriches_an_open_one() {
    let sink = sink();
    let outer = agent_span("host").with_sink(sink.clone()).start();
    let result = endpoint("get_weather", async { Err::<(), _>("no such city") })
        .in_trace(outer.clone())
        .await;
    assert!(result.is_err());
    let [made] = sink.take().try_into().unwrap();
    assert_eq!(
        (made.kind, made.name().as_ref()),
        (SpanKind::Server, "tools/call get_weather")
    );
    assert_eq!(made.parent_id(), outer.context().map(TraceContext::span_id));
    assert_eq!(made.outcome.message.unwrap(), "no such city");

    let open = ActiveSpan::builder(SpanKind::Server)
        .sink(sink.clone())
        .start(McpCall::new(Method::ToolsCall));
    endpoint("get_weather", async { Ok::<_, String>(()) })
        .in_trace(open.clone())
        .await
        .unwrap();
    assert!(sink.is_empty(), "an open SERVER span is not doubled");
    open.end();
    assert_eq!(sink.take()[0].name(), "tools/call get_weather");
}
