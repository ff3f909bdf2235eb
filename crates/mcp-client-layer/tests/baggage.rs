//! Baggage that leaves is the same in both carriers, and what the program let pass.

mod support;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use mcp_trace::carrier::BaggageFilter;
use mcp_trace::{InTraceExt, TraceContext};
use serde_json::Value;
use support::{FOREIGN, traced};
use tower::{Layer, ServiceExt, service_fn};

/// What leaves in the header, and in `_meta`.
async fn sent(keys: &[&str], meta: &str, here: Option<TraceContext>) -> [Value; 2] {
    let layer = traced()
        .0
        .baggage(BaggageFilter::keys(keys.iter().copied()));
    let seen = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Full<Bytes>>| {
        let seen = seen.clone();
        async move {
            let header = request.headers().get("baggage");
            let header = header.map(|value| value.to_str().unwrap().to_owned());
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let message: Value = serde_json::from_slice(&body).unwrap();
            let meta = message["params"]["_meta"]["baggage"].clone();
            *seen.lock().unwrap() = Some([header.into(), meta]);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let message =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{meta}}}}}"#);
    let request = Request::post("http://tools.example/mcp")
        .header("content-type", "application/json")
        .body(Full::from(message))
        .unwrap();
    let answer = layer.layer(service).oneshot(request).in_trace(here).await;
    drop(answer.unwrap());
    let sent = seen.lock().unwrap().take();
    sent.unwrap()
}

fn meta(baggage: &str) -> String {
    format!(r#"{{"traceparent":"{FOREIGN}","baggage":{baggage}}}"#)
}

#[tokio::test]
async fn what_another_program_put_there_is_replaced_by_what_passes() {
    let here = || TraceContext::new_root().with_baggage("k=here,secret=1");
    for (there, current, left) in [
        // The other program's context is the parent.
        (r#""k=there,x=1""#, None, "k=there"),
        (r#""k=there,x=1""#, Some(here()), "k=here"),
        ("42", Some(here()), "k=here"),
    ] {
        let [header, meta] = sent(&["k"], &meta(there), current).await;
        assert_eq!(
            (header.as_str(), meta.as_str()),
            (Some(left), Some(left)),
            "{there}"
        );
    }
}

/// As with the header, which the program may have written itself.
#[tokio::test]
async fn where_nothing_passes_what_is_there_stays() {
    for keys in [&[][..], &["other"]] {
        let [header, meta] = sent(keys, &meta(r#""k=there""#), None).await;
        assert_eq!((header, meta.as_str()), (Value::Null, Some("k=there")));
    }
}
