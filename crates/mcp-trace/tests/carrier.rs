//! Reading and writing headers.

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_trace::TraceContext;
use mcp_trace::carrier::{BaggageFilter, Extracted, extract_headers, inject_headers};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-03";

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        })
        .collect()
}

fn extract(list: &[(&str, &str)]) -> Option<TraceContext> {
    extract_headers(&headers(list), &BaggageFilter::keys(["tenant"])).into_context()
}

#[test]
fn nothing_is_absent_and_nonsense_is_invalid() {
    let filter = BaggageFilter::none();
    assert_eq!(
        extract_headers(&headers(&[("tracestate", "a=1")]), &filter),
        Extracted::Absent
    );
    assert_eq!(
        extract_headers(&headers(&[("traceparent", "x")]), &filter),
        Extracted::Invalid
    );
    let twice = [("traceparent", PARENT), ("traceparent", PARENT)];
    assert_eq!(
        extract_headers(&headers(&twice), &filter),
        Extracted::Invalid
    );
}

#[test]
fn white_space_around_a_header_is_not_part_of_it() {
    let context = extract(&[("traceparent", &format!(" \t{PARENT}\t "))]).unwrap();
    assert_eq!(context.traceparent().to_string(), PARENT);
    assert!(context.is_remote());
}

#[test]
fn tracestate_headers_are_joined_in_order() {
    let context = extract(&[
        ("traceparent", PARENT),
        ("tracestate", "a=1, b=2"),
        ("tracestate", ""),
        ("tracestate", "c= 3"),
    ]);
    assert_eq!(context.unwrap().tracestate(), Some("a=1,b=2,c= 3"));
}

#[test]
fn an_invalid_tracestate_is_dropped_alone() {
    let too_many = vec!["a=1"; 33].join(",");
    for bad in ["foo=,bar=3", "@foo=1,bar=2", "a", too_many.as_str()] {
        let context = extract(&[("traceparent", PARENT), ("tracestate", bad)]).unwrap();
        assert_eq!(context.tracestate(), None, "{bad}");
    }
}

#[test]
fn a_long_tracestate_loses_whole_members_from_the_right() {
    let list = (0..32)
        .map(|i| format!("key{i:02}={}", "v".repeat(30)))
        .collect::<Vec<_>>();
    let context = extract(&[("traceparent", PARENT), ("tracestate", &list.join(","))]).unwrap();
    let kept = context.tracestate().unwrap();
    assert!(
        kept.len() <= 512 && list.join(",").starts_with(kept),
        "{kept}"
    );
    assert_eq!(kept.split(',').count(), 13);
}

#[test]
fn baggage_passes_by_name_only() {
    let list = [
        ("traceparent", PARENT),
        ("baggage", "user=alice,tenant=a%20b;p=1"),
        ("baggage", "tenant=c"),
    ];
    assert_eq!(
        extract(&list).unwrap().baggage(),
        Some("tenant=a%20b;p=1,tenant=c")
    );
    assert_eq!(
        extract_headers(&headers(&list), &BaggageFilter::none())
            .into_context()
            .unwrap()
            .baggage(),
        None
    );

    let context = extract(&list).unwrap();
    let mut out = headers(&[("baggage", "own=1")]);
    inject_headers(&context, &BaggageFilter::none(), &mut out);
    assert_eq!(out["baggage"], "own=1");
    inject_headers(&context, &BaggageFilter::keys(["tenant"]), &mut out);
    assert_eq!(out["baggage"], "tenant=a%20b;p=1,tenant=c");
}

#[test]
fn writing_replaces_an_older_context_whole() {
    let mut out = headers(&[
        ("traceparent", "old"),
        ("traceparent", "older"),
        ("tracestate", "old=1"),
    ]);
    let context = extract(&[("traceparent", PARENT)]).unwrap();
    inject_headers(&context, &BaggageFilter::none(), &mut out);
    assert_eq!(out, headers(&[("traceparent", PARENT)]));
}
