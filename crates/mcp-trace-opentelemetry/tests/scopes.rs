//! What is current in one library is current in the other, in every poll.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use mcp_client_layer::McpClientTraceLayer;
use mcp_layer::{McpServerTraceLayer, RequestBody};
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{
    ActiveSpan, InTraceExt, McpCall, MemorySink, Method, ScopeGuard, SpanKind, TraceContext,
    agent_span, current, traceparent_headers,
};
use mcp_trace_opentelemetry::{BridgeGuard, OtelBridge};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, KeyValue, context::FutureExt};
use serde_json::json;
use tower::{Layer, Service, ServiceExt, service_fn};

fn bridged() -> Arc<MemorySink> {
    static BRIDGE: OnceLock<BridgeGuard> = OnceLock::new();
    BRIDGE.get_or_init(|| OtelBridge::new().context_only().install().unwrap());
    Arc::new(MemorySink::default())
}

/// The span that OpenTelemetry sees.
fn seen() -> SpanContext {
    Context::map_current(|context| context.span().span_context().clone())
}

fn ids(context: &TraceContext) -> (TraceId, SpanId) {
    (
        TraceId::from_bytes(context.trace_id().to_bytes()),
        SpanId::from_bytes(context.span_id().to_bytes()),
    )
}

fn seen_ids() -> (TraceId, SpanId) {
    (seen().trace_id(), seen().span_id())
}

const NONE: (TraceId, SpanId) = (TraceId::INVALID, SpanId::INVALID);

/// A span of somebody else, further in.
fn theirs() -> Context {
    let flags = TraceFlags::SAMPLED;
    let span = SpanContext::new(
        TraceId::from(7),
        SpanId::from(9),
        flags,
        false,
        TraceState::NONE,
    );
    Context::current().with_remote_span_context(span)
}

#[tokio::test]
async fn ours_is_theirs_on_every_poll_and_in_the_drop() {
    let sink = bridged();
    let span = agent_span("a").with_sink(sink).start();
    let inside = ids(span.context().unwrap());
    struct OnDrop((TraceId, SpanId));
    impl Drop for OnDrop {
        fn drop(&mut self) {
            assert_eq!(seen_ids(), self.0);
        }
    }
    let mut polls = 0;
    let guard = OnDrop(inside);
    let work = poll_fn(move |cx| {
        let _guard = &guard;
        assert_eq!(seen_ids(), inside);
        assert!(seen().is_sampled() && !seen().is_remote());
        polls += 1;
        if polls == 3 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    let other = async {
        for _ in 0..3 {
            assert_eq!(seen_ids(), NONE);
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(work.in_trace(span), other);
    assert_eq!(seen_ids(), NONE);
}

#[tokio::test]
async fn theirs_is_the_parent_of_ours_where_it_is_further_in() {
    let sink = bridged();
    let outer = agent_span("outer").with_sink(sink.clone()).start();
    let (trace, span) = async {
        // Ours, further in than theirs, wins again.
        let inner = agent_span("inner").start();
        let id = inner.context().unwrap().clone();
        async {
            assert_eq!(current(), Some(id.clone()));
            assert_eq!(seen_ids(), ids(&id));
        }
        .in_trace(inner.clone())
        .await;
        inner.end();
        assert_eq!(
            traceparent_headers()["traceparent"],
            "00-00000000000000000000000000000007-0000000000000009-01"
        );
        (7, 9)
    }
    .with_context(theirs())
    .in_trace(outer.clone())
    .await;
    // The sink came from the span above, the parent from further in.
    let [inner] = sink.take().try_into().unwrap();
    assert_eq!(inner.trace_id().to_u128(), trace);
    assert_eq!(inner.parent_id().unwrap().to_u64(), span);
    assert!(!inner.parent.unwrap().remote);

    // Ours inside theirs: theirs is outside and no longer in the way.
    let child = async {
        async { agent_span("child").start().context().cloned().unwrap() }
            .in_trace(outer.clone())
            .await
    };
    let child = child.with_context(theirs()).await;
    assert_eq!(child.trace_id(), outer.context().unwrap().trace_id());

    // Without any of ours.
    let root = async {
        agent_span("root")
            .with_sink(sink.clone())
            .start()
            .context()
            .cloned()
    };
    assert_eq!(
        root.with_context(theirs())
            .await
            .unwrap()
            .trace_id()
            .to_u128(),
        7
    );
}

#[tokio::test]
async fn what_is_hidden_is_hidden_from_both() {
    let sink = bridged();
    let span = agent_span("a").with_sink(sink).start();
    let hidden = async {
        assert_eq!((seen_ids(), current()), (NONE, None));
    };
    let around = async {
        hidden.in_trace(None::<TraceContext>).await;
        assert_ne!(seen_ids(), NONE);
    };
    around.in_trace(span).await;
    // What is not ours is not ours to hide.
    let theirs_stays = async { assert_eq!(seen_ids(), (TraceId::from(7), SpanId::from(9))) };
    theirs_stays
        .in_trace(None::<TraceContext>)
        .with_context(theirs())
        .await;
}

const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const META: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-03";

/// What a service sees before and after it has read the message, in one poll.
async fn before_and_after(header: Option<&str>, meta: Option<&str>) -> [(TraceId, SpanId); 2] {
    let sink = bridged();
    let (tell, told) = std::sync::mpsc::channel();
    let service = service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
        let tell = tell.clone();
        tell.send(seen_ids()).unwrap();
        async move {
            let before = seen_ids();
            let _ = request.into_body().collect().await.unwrap();
            tell.send(before).unwrap();
            tell.send(seen_ids()).unwrap();
            assert_eq!(seen_ids(), ids(&current().unwrap()));
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
        }
    });
    let mut service = McpServerTraceLayer::new()
        .with_sink(sink.clone())
        .layer(service);
    let meta = meta.map_or(json!({}), |meta| json!({"traceparent": meta}));
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t", "_meta": meta}});
    let mut request = Request::post("/").header("content-type", "application/json");
    if let Some(header) = header {
        request = request.header("traceparent", header);
    }
    let request = request
        .body(Full::new(Bytes::from(message.to_string())))
        .unwrap();
    let answer = service.ready().await.unwrap().call(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(seen_ids(), NONE);
    let span = sink.take().remove(0);
    let [in_call, before, after] = std::array::from_fn(|_| told.recv().unwrap());
    assert_eq!(in_call, before);
    assert_eq!(after, ids(&span.context));
    [before, after]
}

#[tokio::test]
async fn the_message_settles_the_context_within_the_poll() {
    for (header, meta) in [
        (None, None),
        (None, Some(META)),
        (Some(HEADER), None),
        (Some(HEADER), Some(META)),
    ] {
        let [before, after] = before_and_after(header, meta).await;
        let trace = header.map_or(TraceId::INVALID, |header| {
            TraceId::from_hex(&header[3..35]).unwrap()
        });
        assert_eq!(before.0, trace);
        if let Some(parent) = meta.or(header) {
            assert_eq!(after.0, TraceId::from_hex(&parent[3..35]).unwrap());
        }
    }
}

#[test]
fn until_then_it_is_the_callers() {
    let sink = bridged();
    let parent = TraceContext::from_remote(TraceContext::new_root().traceparent());
    let span = |header: Option<TraceContext>| {
        ActiveSpan::builder(SpanKind::Server)
            .incoming(header)
            .sink(sink.clone())
            .start(McpCall::new(Method::Ping))
    };
    let early = span(Some(parent.clone()));
    let _scope = ScopeGuard::enter(early.clone());
    assert_eq!(seen_ids(), ids(&parent));
    // Theirs, entered before the message was read, stays the innermost.
    {
        let _theirs = theirs().attach();
        early.resolve(None);
        assert_eq!(seen().span_id(), SpanId::from(9));
    }
    // It was not replaced inside; the next poll enters what it has become.
    let _scope = ScopeGuard::enter(early.clone());
    assert_eq!(seen_ids(), ids(early.context().unwrap()));
}

#[test]
fn scopes_may_be_left_out_of_order() {
    let sink = bridged();
    let [a, b] = ["a", "b"].map(|name| agent_span(name).with_sink(sink.clone()).start());
    let first = ScopeGuard::enter(a);
    let second = ScopeGuard::enter(b.clone());
    drop(first);
    assert_eq!(seen_ids(), ids(b.context().unwrap()));
    drop(second);
    assert_eq!(seen_ids(), NONE);
}

#[test]
fn suppressed_telemetry_makes_no_spans() {
    let sink = bridged();
    {
        let _quiet = Context::enter_telemetry_suppressed_scope();
        agent_span("quiet").with_sink(sink.clone()).start().end();
    }
    agent_span("heard").with_sink(sink.clone()).start().end();
    assert_eq!(sink.take().len(), 1);
}

#[tokio::test]
async fn values_and_baggage_come_along() {
    #[derive(Debug, PartialEq)]
    struct Tenant(u8);
    bridged();
    let context = TraceContext::new_root().with_baggage("user=a%20b;p=1,team=x");
    let check = async {
        assert_eq!(Context::current().get::<Tenant>(), Some(&Tenant(3)));
        let baggage = Context::map_current(|cx| cx.baggage().get("user").map(ToString::to_string));
        assert_eq!(baggage.as_deref(), Some("a b"));
    };
    let values = Context::current_with_value(Tenant(3));
    check.in_trace(context).with_context(values).await;
}

/// What a thread still holds is dropped when its slots are gone; a panic there would abort.
#[test]
fn a_thread_may_end_with_a_future_of_ours() {
    struct InDrop;
    impl Drop for InDrop {
        fn drop(&mut self) {
            let _ = (current(), agent_span("late").start());
        }
    }
    thread_local! {
        static HELD: std::cell::RefCell<Option<Box<dyn std::any::Any>>> = const { std::cell::RefCell::new(None) };
    }
    let sink = bridged();
    std::thread::spawn(move || {
        HELD.with_borrow(|_| ()); // made first, gone last
        let span = agent_span("a").with_sink(sink).start();
        drop(ScopeGuard::enter(span.clone()));
        let held = InDrop;
        let future = async move { drop(held) }.in_trace(span);
        HELD.set(Some(Box::new(future)));
    })
    .join()
    .unwrap();
}

/// OpenTelemetry's baggage goes along with what is started inside; what may leave is decided by
/// the names that a client allows.
#[test]
fn baggage_of_the_application_is_carried() {
    let sink = bridged();
    let carried = || {
        let span = agent_span("a").with_sink(sink.clone()).start();
        span.context().unwrap().baggage().map(str::to_owned)
    };
    assert_eq!(carried(), None);
    // Without any span.
    let outside = Context::current_with_baggage([
        KeyValue::new("user", "a b"),
        KeyValue::new("team", "x"),
        KeyValue::new("not a token", "left out"),
    ])
    .attach();
    assert_eq!(carried().as_deref(), Some("team=x,user=a%20b"));

    // Inside a span of ours, which carries it and changes nothing about it.
    let span = agent_span("outer").with_sink(sink.clone()).start();
    let scope = ScopeGuard::enter(span);
    assert_eq!(carried().as_deref(), Some("team=x,user=a%20b"));
    let inside = Context::current_with_baggage([KeyValue::new("team", "y")]).attach();
    assert_eq!(carried().as_deref(), Some("team=y"));
    {
        // A span of theirs in between inherits it.
        let _theirs = theirs().attach();
        assert_eq!(carried().as_deref(), Some("team=y"));
    }
    {
        let _cleared = Context::current().with_cleared_baggage().attach();
        assert_eq!(carried(), None);
    }
    drop((inside, scope, outside));
    assert_eq!(carried(), None);
}

/// What a layer let in stays with the calls that are made inside a span of the application.
#[test]
fn baggage_that_came_in_is_not_lost_in_a_span_of_theirs() {
    let sink = bridged();
    let received = TraceContext::new_root().with_baggage("user=a");
    let span = ActiveSpan::builder(SpanKind::Server)
        .under(Some(received))
        .sink(sink.clone())
        .start(McpCall::new(Method::Ping));
    let _scope = ScopeGuard::enter(span);
    let _theirs = theirs().attach();
    let child = agent_span("a").with_sink(sink).start();
    let context = child.context().unwrap();
    assert_eq!(context.trace_id().to_u128(), 7);
    assert_eq!(context.baggage(), Some("user=a"));
}

#[tokio::test]
async fn baggage_of_the_application_leaves_by_its_name() {
    let sink = bridged();
    let client = McpClientTraceLayer::new()
        .with_sink(sink)
        .baggage(BaggageFilter::keys(["team"]));
    let mut client = client.layer(service_fn(async |request: Request<Full<Bytes>>| {
        let sent = request.headers()["baggage"].as_bytes().to_vec();
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(sent))))
    }));
    let members = [KeyValue::new("user", "a"), KeyValue::new("team", "x")];
    let call = async {
        let request = Request::post("http://127.0.0.1/").body(Full::default());
        client.call(request.unwrap()).await
    };
    let answer = call.with_context(Context::current_with_baggage(members));
    let sent = answer.await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(sent.to_bytes(), "team=x");
}
