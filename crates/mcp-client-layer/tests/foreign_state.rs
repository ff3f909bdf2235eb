//! A message from elsewhere whose trace members are not all as they should be.

mod support;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use serde_json::{Value, json};
use support::{FOREIGN, TRACE_ID, traced};
use tower::{Layer, ServiceExt, service_fn};

/// The `_meta` that leaves, and the `traceparent` header.
async fn sent(meta: &str) -> (Value, String) {
    let (layer, _sink) = traced();
    let seen = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Full<Bytes>>| {
        let seen = seen.clone();
        async move {
            let header = request.headers()["traceparent"]
                .to_str()
                .unwrap()
                .to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let message: Value = serde_json::from_slice(&body).unwrap();
            *seen.lock().unwrap() = Some((message["params"]["_meta"].clone(), header));
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let message =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{meta}}}}}"#);
    let request =
        Request::post("http://tools.example/mcp").header("content-type", "application/json");
    let request = request.body(Full::from(message)).unwrap();
    layer.layer(service).oneshot(request).await.unwrap();
    let sent = seen.lock().unwrap().take();
    sent.unwrap()
}

/// A server takes the parent from `_meta`: what is left there must not be the span above ours.
#[tokio::test]
async fn a_tracestate_that_is_no_string_goes_with_the_traceparent_beside_it() {
    for state in ["42", "null", "[\"a=1\"]", "{\"traceparent\":\"x\"}"] {
        for meta in [
            format!(r#"{{"traceparent":"{FOREIGN}","tracestate":{state},"a":1}}"#),
            format!(r#"{{"tracestate":{state},"a":1,"traceparent":"{FOREIGN}"}}"#),
            format!(r#"{{"\u0074raceparent":"{FOREIGN}","trace\u0073tate":{state},"a":1}}"#),
        ] {
            let (meta, header) = sent(&meta).await;
            assert_eq!(header[3..35], *TRACE_ID);
            assert_ne!(header, FOREIGN);
            assert_eq!(meta, json!({"traceparent": header, "a": 1}));
        }
    }
}

/// It would be read as that of our `traceparent`.
#[tokio::test]
async fn a_tracestate_of_nothing_goes() {
    for state in ["\"a=1\"", "42"] {
        let (meta, header) = sent(&format!(r#"{{"tracestate":{state}}}"#)).await;
        assert_eq!(meta, json!({"traceparent": header}));
    }
}

#[tokio::test]
async fn a_traceparent_that_is_no_string_counts_as_absent_and_stays() {
    for parent in ["42", "null", "[]"] {
        let (meta, header) = sent(&format!(r#"{{"traceparent":{parent}}}"#)).await;
        assert_eq!(meta["traceparent"].to_string(), parent);
        assert_ne!(header[3..35], *TRACE_ID);
    }
}
