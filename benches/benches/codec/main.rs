//! Reading and writing `traceparent`, over random ids, beside a floor by hand and other crates.

mod floor;
mod peers;

use mcp_trace_benches::{
    alloc::Counting,
    table::{Row, Table},
};
use rand::RngExt;
use traceparent::{SpanId, TraceFlags, TraceId, TraceParent};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// As many as fit into a small first-level cache, and far more than a branch predictor learns.
const INPUTS: usize = 512;

fn main() {
    let mut random = rand::rng();
    let parents: Vec<TraceParent> = (0..INPUTS)
        .map(|_| {
            let trace_id = TraceId::from_u128(random.random_range(1..=u128::MAX));
            let span_id = SpanId::from_u64(random.random_range(1..=u64::MAX));
            let flags = TraceFlags::from_u8(random.random());
            TraceParent::new(
                trace_id.expect("not zero"),
                span_id.expect("not zero"),
                flags,
            )
        })
        .collect();
    let headers: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let bytes: Vec<&[u8]> = headers.iter().map(String::as_bytes).collect();
    check(&parents, &headers);

    let parsed = parse(&headers, &bytes);
    let formatted = format(&parents);
    println!();
    budget("parse", &parsed, 12.0, 1.5);
    budget("format", &formatted, 8.0, 1.8);
}

/// Every digit reader and writer that is measured gives the right digits.
fn check(parents: &[TraceParent], headers: &[String]) {
    for (parent, header) in parents.iter().zip(headers) {
        let ids = (parent.trace_id().to_u128(), parent.parent_id().to_u64());
        let fields = (ids.0, ids.1, parent.flags().to_u8());
        let text = header.as_bytes();
        assert_eq!(floor::parse(text), Some(fields));
        for parse in [
            peers::const_hex_parse,
            peers::faster_hex_parse,
            peers::hex_simd_parse,
        ] {
            assert_eq!(parse(text), Some(fields));
        }
        for format in [
            floor::format,
            swar_format,
            peers::const_hex_format,
            peers::faster_hex_format,
            peers::hex_simd_format,
        ] {
            assert_eq!(format(parent), text);
        }
    }
}

fn parse(headers: &[String], bytes: &[&[u8]]) -> Vec<Row> {
    let otel = peers::OpenTelemetry::default();
    let carriers: Vec<_> = headers
        .iter()
        .map(|header| peers::carrier(header))
        .collect();
    Table::new("parse")
        .case("floor: SSE2 by hand", bytes, |value| floor::parse(value))
        .case("w3c-traceparent", bytes, |value| TraceParent::parse(value))
        .case("w3c-traceparent, safe path", bytes, |value| {
            TraceParent::parse_const(value)
        })
        .case("hex-simd, digits only", bytes, |value| {
            peers::hex_simd_parse(value)
        })
        .case("faster-hex, digits only", bytes, |value| {
            peers::faster_hex_parse(value)
        })
        .case("const-hex, digits only", bytes, |value| {
            peers::const_hex_parse(value)
        })
        .case("emit_traceparent", headers, |value| {
            peers::emit_parse(value)
        })
        .case("weida-core", headers, |value| peers::weida_parse(value))
        .case("fastrace", headers, |value| peers::fastrace_parse(value))
        .case("traceparent 0.0.3", headers, |value| {
            peers::traceparent_parse(value)
        })
        .case("opentelemetry_sdk, extract", &carriers, |carrier| {
            otel.extract(carrier)
        })
        .run()
}

fn format(parents: &[TraceParent]) -> Vec<Row> {
    let otel = peers::OpenTelemetry::default();
    let emit: Vec<_> = parents.iter().map(peers::emit).collect();
    let weida: Vec<_> = parents.iter().map(peers::weida).collect();
    let fastrace: Vec<_> = parents.iter().map(peers::fastrace).collect();
    let made: Vec<_> = parents.iter().map(peers::traceparent).collect();
    let contexts: Vec<_> = parents.iter().map(peers::context).collect();
    Table::new("format")
        .case("floor: SSE2 by hand", parents, floor::format)
        .case("w3c-traceparent", parents, |parent| parent.to_bytes())
        .case("w3c-traceparent, safe path", parents, swar_format)
        .case("hex-simd, digits only", parents, peers::hex_simd_format)
        .case("faster-hex, digits only", parents, peers::faster_hex_format)
        .case("const-hex, digits only", parents, peers::const_hex_format)
        .case("emit_traceparent", &emit, |value| value.to_string())
        .case("weida-core", &weida, |value| value.to_traceparent())
        .case("fastrace", &fastrace, |value| {
            value.encode_w3c_traceparent()
        })
        .case("traceparent 0.0.3", &made, |value| value.to_string())
        .case("opentelemetry_sdk, inject", &contexts, |context| {
            otel.inject(context)
        })
        .run()
}

/// What the crate does on targets without SSE2.
fn swar_format(parent: &TraceParent) -> [u8; TraceParent::LEN] {
    let mut value = *b"00-................................-................-..";
    value[3..35].copy_from_slice(&parent.trace_id().to_hex());
    value[36..52].copy_from_slice(&parent.parent_id().to_hex());
    value[54] = b'0' + parent.flags().to_u8();
    value[53] = b'0';
    value
}

/// Holds the second row against a time and against a multiple of the first, and all others against it.
fn budget(name: &str, rows: &[Row], nanoseconds: f64, ratio: f64) {
    let [floor, ours, safe, peers @ ..] = rows else {
        return;
    };
    let ratio_now = ours.best / floor.best;
    let within = ours.best <= nanoseconds || ratio_now <= ratio;
    let ahead = peers.iter().all(|peer| peer.best > ours.best);
    let verdict = |kept| if kept { "kept" } else { "MISSED" };
    println!(
        "{name}: {:.1} ns and {ratio_now:.2} times the floor (at most {nanoseconds} ns or {ratio} times: {}), \
         no allocation: {}, ahead of every crate: {}, {:.2} times as fast as the safe path",
        ours.best,
        verdict(within),
        verdict(ours.allocations == 0.0),
        verdict(ahead),
        safe.best / ours.best,
    );
}
