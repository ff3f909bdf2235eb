//! Arguments and results are recorded as far as a function of the program lets them through.

mod support;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Response;
use mcp_layer::{McpServerTraceLayer, Stats};
use mcp_trace::{
    Capture, CapturedPart, EndedOperation, MemorySink, OperationObserver, SpanRecord, add_observer,
};
use support::attributes::attributes;
use support::wire::*;
use support::*;
use tower::ServiceExt;

const ARGUMENTS: &str = "gen_ai.tool.call.arguments";
const RESULT: &str = "gen_ai.tool.call.result";

const SSE: &str = "data: \nid: 0\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],\"isError\":false}}\n\n";

fn capturing(capture: Capture) -> (McpServerTraceLayer, Arc<MemorySink>, Arc<Stats>) {
    let (layer, sink) = traced();
    let layer = layer.capture(capture);
    let stats = layer.stats();
    (layer, sink, stats)
}

fn all() -> Capture {
    Capture::new(|captured| Some(captured.json.to_owned()))
}

/// Sends one message, in pieces, and reads its answer, in pieces.
async fn send(layer: McpServerTraceLayer, body: &str, answer: &str) {
    let pieces = |text: &str| {
        let pieces = text.as_bytes().chunks(7).map(Bytes::copy_from_slice);
        let pieces: Vec<_> = pieces.map(Ok::<_, std::convert::Infallible>).collect();
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    let kind = if answer.starts_with('{') || answer.starts_with('[') {
        "application/json"
    } else {
        "text/event-stream"
    };
    let answer = pieces(answer);
    let answer = std::sync::Mutex::new(Some(answer));
    let answer = Arc::new(answer);
    let app = Router::new().fallback(move |_body: Bytes| {
        let answer = answer.lock().unwrap().take().unwrap();
        async move {
            Response::builder()
                .header("content-type", kind)
                .body(answer)
                .unwrap()
        }
    });
    let response = app
        .layer(layer)
        .oneshot(message(&[], pieces(body)))
        .await
        .unwrap();
    axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
}

async fn record(capture: Capture, body: &str, answer: &str) -> SpanRecord {
    let (layer, sink, _) = capturing(capture);
    send(layer, body, answer).await;
    span(&sink).await
}

#[tokio::test]
async fn as_they_were_sent() {
    for answer in [ANSWER, SSE] {
        let all = attributes(&record(all(), CALL, answer).await);
        assert_eq!(all[ARGUMENTS], r#"{"to":"Ada"}"#);
        assert_eq!(all[RESULT], r#"{"content":[],"isError":false}"#);
        assert!(!all.keys().any(|key| key.contains("truncated")));
    }
}

#[tokio::test]
async fn the_function_sees_the_raw_json_and_the_tool_and_decides() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = seen.clone();
    let capture = Capture::new(move |captured| {
        told.lock().unwrap().push((
            captured.part,
            captured.tool.to_owned(),
            captured.json.to_owned(),
            captured.is_truncated,
        ));
        match captured.part {
            CapturedPart::Arguments => Some(captured.json.replace("hunter2", "***")),
            _ => None,
        }
    });
    let body = CALL.replace(r#""Ada""#, r#""\u0041da", "key" :"hunter2""#);
    let answer =
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hunter2"}]}}"#;
    let span = record(capture, &body, answer).await;
    let sent = r#"{"to":"\u0041da", "key" :"hunter2"}"#;
    let result = r#"{"content":[{"type":"text","text":"hunter2"}]}"#;
    let tool = || "greet".to_owned();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (CapturedPart::Arguments, tool(), sent.to_owned(), false),
            (CapturedPart::Result, tool(), result.to_owned(), false),
        ]
    );
    let all = attributes(&span);
    assert_eq!(all[ARGUMENTS], r#"{"to":"\u0041da", "key" :"***"}"#);
    assert!(!all.contains_key(RESULT));
    assert!(!format!("{span:?}").contains("hunter2"), "{span:?}");
}

#[tokio::test]
async fn the_limit_cuts_between_characters_and_says_so() {
    let body = CALL.replace("Ada", "ÄÖÜ");
    // 7 bytes of punctuation, then two bytes for each letter.
    for (limit, kept) in [
        (9, "{\"to\":\"Ä"),
        (10, "{\"to\":\"Ä"),
        (11, "{\"to\":\"ÄÖ"),
    ] {
        let all = attributes(&record(all().limit(limit), &body, ANSWER).await);
        assert_eq!(all[ARGUMENTS], kept, "{limit}");
        assert_eq!(all["mcp_trace.arguments_truncated"], "bool true");
        assert!(all[RESULT].len() == limit && ANSWER.contains(&all[RESULT]));
        assert_eq!(all["mcp_trace.result_truncated"], "bool true");
    }
    let all = attributes(&record(all().limit(15), &body, ANSWER).await);
    assert_eq!(all[ARGUMENTS], r#"{"to":"ÄÖÜ"}"#, "as long as the limit");
    assert!(!all.contains_key("mcp_trace.arguments_truncated"));

    // What the function makes longer is cut, too.
    let longer = Capture::new(|_| Some("x".repeat(100))).limit(50);
    let all = attributes(&record(longer, CALL, ANSWER).await);
    assert_eq!(all[ARGUMENTS].len(), 50);
    assert_eq!(all["mcp_trace.arguments_truncated"], "bool true");
}

#[tokio::test]
async fn white_space_of_pretty_json_does_not_break_it() {
    let body = CALL.replace(r#"{"to":"Ada"}"#, "{\n\t\"to\": \"Ada\"\r\n}");
    let all = attributes(&record(all(), &body, ANSWER).await);
    assert_eq!(all[ARGUMENTS], "{  \"to\": \"Ada\"  }");
}

#[tokio::test]
async fn only_of_tool_calls_and_only_results() {
    let other = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"secret":"x"}}}"#;
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no","data":"x"}}"#;
    for (body, answer, arguments) in [(other, ANSWER, false), (CALL, error, true)] {
        let all = attributes(&record(all(), body, answer).await);
        assert_eq!(all.contains_key(ARGUMENTS), arguments);
        assert!(!all.contains_key(RESULT));
    }
}

#[tokio::test]
async fn of_each_member_of_a_batch() {
    let (layer, sink, _) = capturing(all());
    let two = CALL.replace(r#""id":1"#, r#""id":2"#).replace("Ada", "Bob");
    let answers = format!("[{ANSWER},{}]", ANSWER.replace(r#""id":1"#, r#""id":2"#));
    send(layer, &format!("[{CALL},{two}]"), &answers).await;
    let mut captured: Vec<_> = spans(&sink, 2).await.iter().map(attributes).collect();
    captured.sort_by_key(|all| all["jsonrpc.request.id"].clone());
    assert_eq!(captured[0][ARGUMENTS], r#"{"to":"Ada"}"#);
    assert_eq!(captured[1][ARGUMENTS], r#"{"to":"Bob"}"#);
    assert!(captured.iter().all(|all| all.contains_key(RESULT)));
}

#[tokio::test]
async fn a_function_that_panics_costs_the_request_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let (layer, sink, stats) = capturing(Capture::new(|_| panic!("a bug")));
    send(layer, CALL, ANSWER).await;
    let span = span(&sink).await;
    let _ = std::panic::take_hook();
    let all = attributes(&span);
    assert_eq!(span.name(), "tools/call greet");
    assert!(!all.contains_key(ARGUMENTS) && !all.contains_key(RESULT));
    assert_eq!(
        (span.outcome.is_error(), stats.capture_panics()),
        (false, 2)
    );
}

/// Somebody who measures, for whom everything is described.
#[derive(Debug)]
struct Anybody;

impl OperationObserver for Anybody {
    fn observe(&self, _: &EndedOperation<'_>) {}
}

#[tokio::test]
async fn what_is_not_sampled_is_not_even_asked_about() {
    let _observing = add_observer(Arc::new(Anybody));
    let (layer, sink, stats) = capturing(Capture::new(|_| panic!("nobody wants it")));
    let meta = META.replace("-01", "-00");
    let body = call_with_meta(&format!(r#"{{"traceparent":"{meta}"}}"#));
    send(layer, &body, ANSWER).await;
    assert_eq!((sink.len(), stats.requests(), stats.open()), (0, 1, 0));
    assert_eq!(stats.capture_panics(), 0);
}
