//! Calls that take several requests, since MCP 2026-07-28: a server that asks for input is not done,
//! and has not failed.

mod support;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post as on_post;
use support::attributes::attributes;
use support::wire::message;
use support::*;
use tower::ServiceExt;

#[tokio::test]
async fn each_round_is_a_span_and_all_but_the_last_say_that_it_goes_on() {
    const ASKS: &str =
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{}}}"#;
    const DONE: &str =
        r#"{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","content":[]}}"#;
    for (content_type, begin, end) in [
        ("application/json", "", ""),
        ("text/event-stream", "data: ", "\n\n"),
    ] {
        let (layer, sink) = traced();
        let handler = async move |body: String| {
            let answer = if body.contains("inputResponses") {
                DONE
            } else {
                ASKS
            };
            (
                [(CONTENT_TYPE, content_type)],
                format!("{begin}{answer}{end}"),
            )
        };
        let app = Router::new().route("/mcp", on_post(handler)).layer(layer);
        let second = CALL
            .replace("\"id\":1", "\"id\":2")
            .replace("\"arguments\"", "\"inputResponses\":{},\"arguments\"");
        for (round, body) in [CALL, &second].into_iter().enumerate() {
            let headers = [
                ("mcp-protocol-version", "2026-07-28"),
                ("traceparent", HEADER),
            ];
            let response = app
                .clone()
                .oneshot(message(&headers, body.to_owned()))
                .await
                .unwrap();
            let _ = axum::body::to_bytes(response.into_body(), 4096)
                .await
                .unwrap();
            let span = &spans(&sink, round + 1).await[round];
            assert_eq!(span.parent_id().unwrap().to_string(), HEADER[36..52]);
            assert!(!span.outcome.is_error());
            let asks = attributes(span).remove("mcp_trace.input_required");
            let expected = (round == 0).then(|| "bool true".to_owned());
            assert_eq!(asks, expected, "{content_type}");
        }
    }
}
