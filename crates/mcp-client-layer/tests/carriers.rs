//! What is written into a request, and what is left alone.

mod support;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Either, Empty, Full};
use mcp_client_layer::{AlreadyTraced, McpClientTraceLayer, RequestBody, Targets};
use mcp_trace::carrier::{BaggageFilter, extract_values};
use mcp_trace::{
    InTraceExt, MemorySink, Parent, SpanKind, TraceContext, agent_span, current_span,
    traceparent_headers,
};
use support::{FOREIGN, Sent, TRACE_ID, call, traced};
use tower::{Layer, ServiceExt, service_fn};

const URL: &str = "http://tools.example:8080/mcp";

fn post<B>(body: B) -> Request<B> {
    Request::post(URL)
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

/// Sends a request through `layer` and returns what came out behind it.
async fn send<B>(layer: &McpClientTraceLayer, request: Request<B>) -> Sent
where
    B: RequestBody + http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let seen = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<B>| {
        let seen = seen.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let path = parts.uri.path().into();
            *seen.lock().unwrap() = Some(Sent {
                method: parts.method,
                path,
                headers: parts.headers,
                body,
            });
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let answer = layer.layer(service).oneshot(request).await.unwrap();
    assert!(http_body::Body::is_end_stream(answer.body()));
    seen.lock().unwrap().take().unwrap()
}

async fn send_text(layer: &McpClientTraceLayer, body: &str) -> Sent {
    send(layer, post(Full::<Bytes>::from(body.to_owned()))).await
}

/// Both carriers name the only recorded span; returns its parent.
fn both(sent: &Sent, sink: &MemorySink) -> Option<Parent> {
    let spans = sink.take();
    assert_eq!(spans.len(), 1, "{spans:#?}");
    let expected = spans[0].context.traceparent();
    assert_eq!(
        (sent.header_context(), sent.meta_context()),
        (Some(expected), Some(expected))
    );
    assert_eq!(spans[0].kind, SpanKind::Client);
    spans[0].parent
}

/// Only the headers name the only recorded span, and the body is as it was.
fn header_only(sent: &Sent, body: &str, sink: &MemorySink) -> String {
    let spans = sink.take();
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!(sent.header_context(), Some(spans[0].context.traceparent()));
    assert_eq!(sent.body, body);
    spans[0].name().into_owned()
}

#[tokio::test]
async fn the_context_is_inserted_and_every_other_byte_stays() {
    let (layer, sink) = traced();
    let rpc = |rest: &str| {
        format!(r#"{{ "jsonrpc" : "2.0",  "id":"é\u0031", "method":"tools/list"{rest} }}"#)
    };
    for (params, expected) in [
        ("", r#" ,"params":{"_meta":{TRACE}}}"#),
        (r#","params":{}"#, r#","params":{"_meta":{TRACE}} }"#),
        (
            r#","params":{"_meta":{}}"#,
            r#","params":{"_meta":{TRACE}} }"#,
        ),
        (
            r#","params":{ "cursor" : 1e2 }"#,
            r#","params":{"_meta":{TRACE}, "cursor" : 1e2 } }"#,
        ),
        (
            r#","params":{"x":[],"_meta":{"progressToken":7}}"#,
            r#","params":{"x":[],"_meta":{TRACE,"progressToken":7}} }"#,
        ),
    ] {
        let body = rpc(params);
        let sent = send_text(&layer, &body).await;
        let trace = format!(r#""traceparent":"{}""#, sent.header("traceparent").unwrap());
        let head = r#"{ "jsonrpc" : "2.0",  "id":"é\u0031", "method":"tools/list""#;
        let expected = format!("{head}{}", expected.replace("TRACE", &trace));
        assert_eq!(std::str::from_utf8(&sent.body).unwrap(), expected, "{body}");
        both(&sent, &sink);
    }
}

#[tokio::test]
async fn content_length_is_right() {
    let (layer, _sink) = traced();
    let body = call(1, "greet");
    let mut request = post(Full::<Bytes>::from(body.clone()));
    request
        .headers_mut()
        .insert("content-length", body.len().into());
    let sent = send(&layer, request).await;
    assert!(sent.body.len() > body.len());
    assert_eq!(
        sent.header("content-length"),
        Some(sent.body.len().to_string().as_str())
    );

    let sent = send_text(&layer, &body).await;
    assert_eq!(sent.header("content-length"), None, "none is added");
}

#[tokio::test]
async fn every_other_header_stays() {
    let (layer, _sink) = traced();
    let mut request = post(Full::<Bytes>::from(call(1, "greet")));
    for (name, value) in [
        ("x-a", "1"),
        ("x-a", "2"),
        ("authorization", "Bearer x"),
        ("baggage", "mine=1"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let before = request.headers().clone();
    let mut sent = send(&layer, request).await;
    sent.headers.remove("traceparent").unwrap();
    assert_eq!(sent.headers, before);
}

#[tokio::test]
async fn every_kind_of_body_in_memory() {
    let (layer, sink) = traced();
    let text = call(1, "greet");
    both(&send(&layer, post(text.clone())).await, &sink);
    both(
        &send(&layer, post(Full::<Bytes>::from(text.clone()))).await,
        &sink,
    );
    both(
        &send(&layer, post(Box::new(Full::<Bytes>::from(text.clone())))).await,
        &sink,
    );
    let either: Either<Full<Bytes>, Empty<Bytes>> = Either::Left(Full::from(text.clone()));
    assert_eq!(
        send(&layer, post(Full::<Bytes>::from(text))).await.method,
        http::Method::POST
    );
    drop(sink.take());
    // The two sides of an `Either` have errors of one type only as boxes.
    let service = service_fn(
        async |request: Request<Either<Full<Bytes>, Empty<Bytes>>>| {
            let Either::Left(body) = request.into_body() else {
                unreachable!("it was the left one")
            };
            Ok::<_, Infallible>(Response::new(body))
        },
    );
    let answer = layer.layer(service).oneshot(post(either)).await.unwrap();
    assert!(
        answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .starts_with(
            br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"traceparent":"#
        )
    );
}

#[tokio::test]
async fn bodies_that_are_left_alone() {
    let (layer, sink) = traced();
    let rpc = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
    };
    for (body, name) in [
        (rpc(r#"{"name":"greet","_meta":[]}"#), "tools/call greet"),
        (rpc(r#"{"name":"greet","_meta":null}"#), "tools/call greet"),
        (
            rpc(r#"{"name":"greet","_meta":{"traceparent":42}}"#),
            "tools/call greet",
        ),
        (rpc("[1]"), "tools/call"),
        (format!("[{}]", call(1, "greet")), "POST"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,".into(), "POST"),
        ("a=b".into(), "POST"),
        (String::new(), "POST"),
    ] {
        let sent = send_text(&layer, &body).await;
        assert_eq!(header_only(&sent, &body, &sink), name, "{body}");
    }

    let body = call(1, "greet");
    for (header, value, name) in [
        ("content-type", "text/plain", "POST"),
        ("content-encoding", "gzip", "POST"),
        ("content-digest", "sha-256=:x:", "tools/call greet"),
        ("digest", "SHA-256=x", "tools/call greet"),
        ("signature", "sig1=:x:", "tools/call greet"),
        ("x-amz-content-sha256", "x", "tools/call greet"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=x",
            "tools/call greet",
        ),
    ] {
        let mut request = post(Full::<Bytes>::from(body.clone()));
        request.headers_mut().insert(header, value.parse().unwrap());
        let sent = send(&layer, request).await;
        assert_eq!(header_only(&sent, &body, &sink), name, "{header}");
    }

    let layer = layer.max_spliced_len(body.len() - 1);
    assert_eq!(
        header_only(&send_text(&layer, &body).await, &body, &sink),
        "tools/call greet"
    );
    let layer = layer.max_spliced_len(body.len());
    both(&send_text(&layer, &body).await, &sink);
}

#[tokio::test]
async fn a_stream_is_named_by_its_headers() {
    let (layer, sink) = traced();
    let body = call(1, "greet");
    let stream = || Full::<Bytes>::from(body.clone()).boxed();
    assert_eq!(
        header_only(&send(&layer, post(stream())).await, &body, &sink),
        "POST"
    );
    let mut request = post(stream());
    request
        .headers_mut()
        .insert("mcp-method", "tools/call".parse().unwrap());
    request
        .headers_mut()
        .insert("mcp-name", "greet".parse().unwrap());
    assert_eq!(
        header_only(&send(&layer, request).await, &body, &sink),
        "tools/call greet"
    );
}

#[tokio::test]
async fn the_body_of_axum_is_a_stream() {
    let (layer, sink) = traced();
    let body = call(1, "greet");
    let request = post(axum_core::body::Body::from(body.clone()));
    header_only(&send(&layer, request).await, &body, &sink);
}

#[tokio::test]
async fn below_what_is_current() {
    let (layer, sink) = traced();
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    let sent = send_text(&layer, &call(1, "greet"))
        .in_trace(agent.clone())
        .await;
    let parent = both(&sent, &sink).unwrap();
    assert_eq!(parent.span_id, agent.context().unwrap().span_id());
    assert!(!parent.remote);
}

#[tokio::test]
async fn the_sink_and_the_agent_are_those_of_what_is_current() {
    let sink = Arc::new(MemorySink::default());
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    send_text(&McpClientTraceLayer::new(), &call(1, "greet"))
        .in_trace(agent.clone())
        .await;
    assert_eq!(sink.take()[0].agent.as_ref().unwrap().name(), "planner");
}

#[tokio::test]
async fn headers_made_by_hand_are_of_the_span_above() {
    let (layer, sink) = traced();
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    let sent = async {
        let mut request = post(Full::<Bytes>::from(call(1, "greet")));
        request.headers_mut().extend(traceparent_headers());
        send(&layer, request).await
    };
    let sent = sent.in_trace(agent.clone()).await;
    assert_eq!(
        both(&sent, &sink).unwrap().span_id,
        agent.context().unwrap().span_id()
    );
}

#[tokio::test]
async fn a_tracestate_without_a_traceparent_belongs_to_no_trace() {
    let (layer, sink) = traced();
    let sent = send_text(&layer, &with_meta(r#"{"tracestate":"f=1","a":1}"#)).await;
    assert_eq!(
        (sent.header("tracestate"), sent.meta("tracestate")),
        (None, None)
    );
    assert_eq!(sent.json()["params"]["_meta"]["a"], 1);
    both(&sent, &sink);
}

#[tokio::test]
async fn tracestate_and_chosen_baggage_go_along_in_both() {
    let (layer, _sink) = traced();
    let here = extract_values(
        FOREIGN.as_bytes(),
        [b"a=1,b=2".as_slice()],
        [b"k=v,secret=x".as_slice()],
        &BaggageFilter::keys(["k", "secret"]),
    );
    let here = here.into_context();
    let sent = send_text(&layer.clone(), &call(1, "greet"))
        .in_trace(here.clone())
        .await;
    assert_eq!(
        (
            sent.header("tracestate"),
            sent.meta("tracestate").as_deref()
        ),
        (Some("a=1,b=2"), Some("a=1,b=2"))
    );
    assert_eq!(
        (sent.header("baggage"), sent.meta("baggage")),
        (None, None),
        "none by default"
    );

    let layer = layer.baggage(BaggageFilter::keys(["k"]));
    let sent = send_text(&layer, &call(1, "greet")).in_trace(here).await;
    assert_eq!(
        (sent.header("baggage"), sent.meta("baggage").as_deref()),
        (Some("k=v"), Some("k=v"))
    );
}

fn with_meta(meta: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{meta},"name":"greet"}}}}"#
    )
}

fn with_foreign() -> String {
    with_meta(&format!(
        r#"{{"a":1,"traceparent":"{FOREIGN}","tracestate":"f=1","b":2}}"#
    ))
}

#[tokio::test]
async fn a_foreign_context_becomes_the_parent_where_nothing_is_current() {
    let (layer, sink) = traced();
    let sent = send_text(&layer, &with_foreign()).await;
    assert_eq!(
        (
            sent.header("tracestate"),
            sent.meta("tracestate").as_deref()
        ),
        (Some("f=1"), Some("f=1"))
    );
    assert_eq!(
        sent.meta_context().unwrap().trace_id().to_string(),
        TRACE_ID
    );
    let traceparent = sent.header("traceparent").unwrap();
    let expected = with_meta(&format!(
        r#"{{"traceparent":"{traceparent}","tracestate":"f=1","a":1,"b":2}}"#
    ));
    assert_eq!(std::str::from_utf8(&sent.body).unwrap(), expected);
    let parent = both(&sent, &sink).unwrap();
    assert_eq!(
        (parent.span_id.to_string().as_str(), parent.remote),
        ("00f067aa0ba902b7", true)
    );
}

#[tokio::test]
async fn a_foreign_context_is_replaced_below_what_is_current() {
    let (layer, sink) = traced();
    let agent = agent_span("gateway").with_sink(sink.clone()).start();
    let sent = send_text(&layer, &with_foreign())
        .in_trace(agent.clone())
        .await;
    assert_eq!(
        (sent.header("tracestate"), sent.meta("tracestate")),
        (None, None),
        "it is of the other trace"
    );
    assert_eq!(sent.json()["params"]["_meta"]["a"], 1);
    let parent = both(&sent, &sink).unwrap();
    assert_eq!(parent.span_id, agent.context().unwrap().span_id());
}

#[tokio::test]
async fn a_foreign_header_alone_is_treated_alike() {
    let (layer, sink) = traced();
    let request = || {
        let mut request = post(Full::<Bytes>::from(call(1, "greet")));
        request
            .headers_mut()
            .insert("traceparent", FOREIGN.parse().unwrap());
        request
    };
    let parent = both(&send(&layer, request()).await, &sink).unwrap();
    assert_eq!(parent.span_id.to_string(), "00f067aa0ba902b7");

    let agent = agent_span("gateway").with_sink(sink.clone()).start();
    let sent = send(&layer, request()).in_trace(agent.clone()).await;
    assert_eq!(
        both(&sent, &sink).unwrap().span_id,
        agent.context().unwrap().span_id()
    );
}

#[tokio::test]
async fn keep_foreign_keeps_it() {
    let (layer, sink) = traced();
    let layer = layer.keep_foreign();
    let agent = agent_span("gateway").with_sink(sink.clone()).start();
    let sent = send_text(&layer, &with_foreign()).in_trace(agent).await;
    assert_eq!(sent.body, with_foreign());
    assert_eq!(
        (sent.header("traceparent"), sent.header("tracestate")),
        (Some(FOREIGN), Some("f=1"))
    );
    assert!(sink.take().iter().all(|span| span.kind != SpanKind::Client));

    let mut request = post(Full::<Bytes>::from(call(1, "greet")));
    request
        .headers_mut()
        .insert("traceparent", FOREIGN.parse().unwrap());
    let sent = send(&layer, request).await;
    assert_eq!(
        (
            sent.header("traceparent"),
            sent.meta("traceparent").as_deref()
        ),
        (Some(FOREIGN), Some(FOREIGN))
    );
    assert!(sink.is_empty());
}

#[tokio::test]
async fn what_this_process_wrote_is_kept_without_a_second_span() {
    let (layer, sink) = traced();
    let agent = agent_span("planner").with_sink(sink.clone()).start();
    let here = agent.context().unwrap().traceparent().to_string();
    let body = with_meta(&format!(r#"{{"traceparent":"{here}"}}"#));
    let sent = send_text(&layer, &body).in_trace(agent).await;
    assert_eq!(
        (sent.header("traceparent"), &sent.body[..]),
        (Some(here.as_str()), body.as_bytes()),
        "by hand"
    );
    drop(sink.take());

    let foreign = extract_values(FOREIGN.as_bytes(), [], [], &BaggageFilter::none())
        .into_context()
        .unwrap();
    let mut request = post(Full::<Bytes>::from(with_foreign()));
    request.extensions_mut().insert(AlreadyTraced::by(&foreign));
    let sent = send(&layer, request).await;
    assert_eq!(
        (sent.header("traceparent"), sent.header("tracestate")),
        (Some(FOREIGN), Some("f=1")),
        "by an adapter"
    );
    assert_eq!(sent.body, with_foreign());
    assert!(sink.is_empty());

    let mut request = post(Full::<Bytes>::from(with_foreign()));
    request
        .extensions_mut()
        .insert(AlreadyTraced::by(&TraceContext::new_root()));
    both(&send(&layer, request).await, &sink).expect("the mark of another call counts for nothing");
}

#[tokio::test]
async fn two_layers_make_one_span() {
    let (layer, sink) = traced();
    for headers in [
        HeaderMap::new(),
        HeaderMap::from_iter([(http::header::CONTENT_ENCODING, "gzip".parse().unwrap())]),
    ] {
        let echo = service_fn(async |request: Request<Full<Bytes>>| {
            let context = request.headers()["traceparent"].clone();
            let mut response = Response::new(request.into_body());
            response.headers_mut().insert("traceparent", context);
            Ok::<_, Infallible>(response)
        });
        let mut request = post(Full::<Bytes>::from(call(1, "greet")));
        request.headers_mut().extend(headers);
        let answer = layer
            .layer(layer.layer(echo))
            .oneshot(request)
            .await
            .unwrap();
        let sent = answer.headers()["traceparent"].to_str().unwrap().to_owned();
        answer.into_body().collect().await.unwrap();
        let spans = sink.take();
        assert_eq!(spans.len(), 1, "{spans:#?}");
        assert_eq!(sent, spans[0].context.traceparent().to_string());
    }
}

#[tokio::test]
async fn the_span_is_current_inside() {
    let (layer, sink) = traced();
    let service = service_fn(async |_: Request<Full<Bytes>>| {
        assert_eq!(current_span().unwrap().kind(), SpanKind::Client);
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    layer
        .layer(service)
        .oneshot(post(Full::from(call(1, "greet"))))
        .await
        .unwrap();
    assert!(current_span().is_none());
    assert_eq!(sink.len(), 1);
}

#[tokio::test]
async fn without_a_sink_the_current_context_is_passed_on() {
    let layer = McpClientTraceLayer::new();
    let sent = send_text(&layer, &call(1, "greet")).await;
    assert_eq!(
        (sent.header("traceparent"), &sent.body[..]),
        (None, call(1, "greet").as_bytes())
    );

    let here = TraceContext::new_root();
    let value = here.traceparent().to_string();
    let sent = send_text(&layer, &call(1, "greet"))
        .in_trace(here.clone())
        .await;
    assert_eq!(sent.header("traceparent"), Some(value.as_str()));
    assert_eq!(sent.meta("traceparent"), Some(value.clone()));
    let get = Request::get(URL).body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(
        send(&layer, get).in_trace(here).await.header("traceparent"),
        Some(value.as_str())
    );
}

#[tokio::test]
async fn an_unsampled_trace_goes_on_unrecorded() {
    let (layer, sink) = traced();
    let here = TraceContext::new_root().with_sampled(false);
    let sent = send_text(&layer, &call(1, "greet"))
        .in_trace(here.clone())
        .await;
    let header = sent.header_context().unwrap();
    assert_eq!(sent.meta_context(), Some(header));
    assert_eq!(header.trace_id(), here.trace_id());
    assert!(!header.flags().is_sampled());
    assert!(sink.is_empty());
}

#[tokio::test]
async fn an_answer_of_the_client_has_no_span() {
    let (layer, sink) = traced();
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#,
    ] {
        let here = TraceContext::new_root();
        let sent = send_text(&layer, body).in_trace(here.clone()).await;
        assert_eq!(sent.header_context(), Some(here.traceparent()));
        assert_eq!(sent.body, body);
        let sent = send_text(&layer, body).await;
        assert_eq!(sent.header("traceparent"), None);
    }
    assert!(sink.is_empty());
}

#[tokio::test]
async fn other_requests_have_a_context_of_their_own() {
    let (layer, sink) = traced();
    for method in ["GET", "DELETE", "PUT"] {
        let request = || {
            Request::builder()
                .method(method)
                .uri(URL)
                .body(Full::<Bytes>::from(call(1, "greet")))
                .unwrap()
        };
        assert_eq!(
            header_only(&send(&layer, request()).await, &call(1, "greet"), &sink),
            method
        );
        let sent = send(&layer.clone().mcp_only(), request())
            .in_trace(TraceContext::new_root())
            .await;
        assert_eq!(sent.header("traceparent"), None, "not one");
        assert!(sink.is_empty());
    }
    both(
        &send_text(&layer.mcp_only(), &call(1, "greet")).await,
        &sink,
    );
}

#[tokio::test]
async fn other_hosts_are_told_nothing() {
    let (layer, sink) = traced();
    let layer = layer.propagate_to(Targets::hosts(["localhost"]));
    let sent = send_text(&layer, &call(1, "greet")).await;
    assert_eq!(
        (sent.header("traceparent"), &sent.body[..]),
        (None, call(1, "greet").as_bytes())
    );
    assert_eq!(sink.take()[0].name(), "tools/call greet", "it is recorded");

    let layer = layer.propagate_to(Targets::when(|host| host == Some("tools.example")));
    both(&send_text(&layer, &call(1, "greet")).await, &sink);
}
