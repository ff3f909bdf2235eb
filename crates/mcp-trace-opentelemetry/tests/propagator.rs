//! The propagator reads and writes by the letter.

use std::collections::HashMap;

use http::HeaderMap;
use mcp_trace_opentelemetry::{MetaExtractor, MetaInjector, W3cPropagator};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::json;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn extract(extractor: &dyn Extractor) -> SpanContext {
    // Whatever was current must not shine through as if it had been sent.
    let context = W3cPropagator::new().extract_with_context(&Context::new(), extractor);
    context.span().span_context().clone()
}

fn of(headers: &[(&'static str, &str)]) -> SpanContext {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    extract(&HeaderExtractor(&map))
}

fn sent(span: &SpanContext) -> HeaderMap {
    let mut map = HeaderMap::new();
    let context = Context::new().with_remote_span_context(span.clone());
    W3cPropagator::new().inject_context(&context, &mut HeaderInjector(&mut map));
    map
}

#[test]
fn it_reads_strictly() {
    for flags in ["00", "01", "02", "03"] {
        let value = format!("00-{TRACE}-{SPAN}-{flags}");
        let span = of(&[("traceparent", &value)]);
        assert!(span.is_valid() && span.is_remote(), "{value}");
        assert_eq!(sent(&span)["traceparent"], value, "every known flag stays");
        assert!(!sent(&span).contains_key("tracestate"), "no empty list");
    }
    let later = of(&[("traceparent", &format!("cc-{TRACE}-{SPAN}-ff-what"))]);
    assert_eq!(sent(&later)["traceparent"], format!("00-{TRACE}-{SPAN}-03"));
    for wrong in [
        format!("00-{TRACE}-{SPAN}-01-"),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-+{}-{SPAN}-01", &TRACE[1..]),
        format!("00-0{TRACE}-{SPAN}-01"),
        format!("000-{TRACE}-{SPAN}-01"),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}-0000000000000000-01"),
        "00-1-2-01".to_owned(),
        String::new(),
    ] {
        assert!(!of(&[("traceparent", &wrong)]).is_valid(), "{wrong:?}");
    }
    let value = format!("00-{TRACE}-{SPAN}-01");
    let twice = [("traceparent", &*value), ("traceparent", &*value)];
    assert!(!of(&twice).is_valid(), "which one holds is anybody's guess");
}

#[test]
fn lists_of_several_headers_are_one() {
    let value = format!("00-{TRACE}-{SPAN}-01");
    let parent = ("traceparent", &*value);
    let span = of(&[
        parent,
        ("tracestate", "a=1 , b=2"),
        ("tracestate", ""),
        ("tracestate", "c=3"),
    ]);
    assert_eq!(sent(&span)["tracestate"], "a=1,b=2,c=3");
    let span = of(&[parent, ("tracestate", "a=1,no key=2")]);
    assert!(
        span.is_valid() && !sent(&span).contains_key("tracestate"),
        "a bad list goes alone"
    );
}

#[test]
fn other_carriers() {
    let map = HashMap::from([("traceparent".to_owned(), format!("00-{TRACE}-{SPAN}-01"))]);
    assert!(extract(&map).is_valid());
    assert!(!extract(&HashMap::<String, String>::new()).is_valid());
    let fields: Vec<_> = W3cPropagator::new().fields().map(str::to_owned).collect();
    assert_eq!(fields, ["traceparent", "tracestate"]);

    let meta = json!({"traceparent": 42, "tracestate": "a=1", "progressToken": 1});
    let extractor = MetaExtractor(meta.as_object().unwrap());
    assert!(!extract(&extractor).is_valid(), "not a string");
    assert_eq!(extractor.keys().len(), 3);

    let mut meta = json!({"progressToken": 1}).as_object().unwrap().clone();
    let context = Context::new().with_remote_span_context(extract(&map));
    W3cPropagator::new().inject_context(&context, &mut MetaInjector(&mut meta));
    assert_eq!(extract(&MetaExtractor(&meta)), extract(&map));
    let mut none = serde_json::Map::new();
    W3cPropagator::new().inject_context(&Context::new(), &mut MetaInjector(&mut none));
    assert!(none.is_empty());
}

#[test]
fn without_a_context_what_is_current_stays() {
    let current = Context::new().with_remote_span_context(extract(&HashMap::from([(
        "traceparent".to_owned(),
        format!("00-{TRACE}-{SPAN}-01"),
    )])));
    let nothing = HashMap::<String, String>::new();
    let extracted = W3cPropagator::new().extract_with_context(&current, &nothing);
    assert_eq!(
        extracted.span().span_context(),
        current.span().span_context()
    );
}

/// The SDK forgets the random flag of what it does not sample, and OpenTelemetry's type has no room
/// for the keys of Level 2.
#[test]
fn nothing_is_lost_on_the_way_through_the_sdk() {
    let long = format!("{}@v=1", "t".repeat(242));
    for (flags, list) in [
        ("02", "a@b@c=1,d=2"),
        ("03", "a@b@c=1,d=2"),
        ("02", &long),
        ("00", "a=1"),
    ] {
        let headers = HashMap::from([
            (
                "traceparent".to_owned(),
                format!("00-{TRACE}-{SPAN}-{flags}"),
            ),
            ("tracestate".to_owned(), list.to_owned()),
        ]);
        let above = W3cPropagator::new().extract_with_context(&Context::new(), &headers);
        let tracer = SdkTracerProvider::builder().build().tracer("tests");
        let span = tracer.start_with_context("inside", &above);
        let mut sent = HashMap::new();
        W3cPropagator::new().inject_context(&above.with_span(span), &mut sent);
        assert!(
            sent["traceparent"].ends_with(&format!("-{flags}")),
            "{flags}: {sent:?}"
        );
        assert_eq!(sent["tracestate"], list);

        // Another trace has nothing of it.
        let span = SpanContext::new(
            5.into(),
            6.into(),
            Default::default(),
            false,
            Default::default(),
        );
        let mut sent = HashMap::new();
        W3cPropagator::new().inject_context(&above.with_remote_span_context(span), &mut sent);
        assert!(sent["traceparent"].ends_with("-00") && !sent.contains_key("tracestate"));
    }
}
