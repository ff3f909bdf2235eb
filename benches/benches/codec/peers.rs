//! Other crates, called as their users call them. Crates that only know hex get the rest by hand.

use std::collections::HashMap;

use hex_simd::{AsOut, AsciiCase};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use traceparent::TraceParent;

const LEN: usize = TraceParent::LEN;

type Fields = (u128, u64, u8);

// Crates for hex. Upper-case digits, which are not valid, pass.

/// Length, version and dashes by hand; digits and zero ids from what `decode` makes of each field.
#[inline(always)]
fn parse(value: &[u8], decode: impl Fn(&[u8], &mut [u8]) -> bool) -> Option<Fields> {
    if value.len() != LEN || value[0..3] != *b"00-" || value[35] != b'-' || value[52] != b'-' {
        return None;
    }
    let (mut trace_id, mut parent_id, mut flags) = ([0; 16], [0; 8], [0; 1]);
    let valid = decode(&value[3..35], &mut trace_id)
        && decode(&value[36..52], &mut parent_id)
        && decode(&value[53..55], &mut flags);
    let fields = (
        u128::from_be_bytes(trace_id),
        u64::from_be_bytes(parent_id),
        flags[0],
    );
    (valid && fields.0 != 0 && fields.1 != 0).then_some(fields)
}

#[inline(always)]
fn format(parent: &TraceParent, encode: impl Fn(&[u8], &mut [u8])) -> [u8; LEN] {
    let mut value = [b'-'; LEN];
    value[0..2].copy_from_slice(b"00");
    encode(&parent.trace_id().to_bytes(), &mut value[3..35]);
    encode(&parent.parent_id().to_bytes(), &mut value[36..52]);
    encode(&[parent.flags().to_u8()], &mut value[53..55]);
    value
}

pub fn const_hex_parse(value: &[u8]) -> Option<Fields> {
    parse(value, |text, bytes| {
        const_hex::decode_to_slice(text, bytes).is_ok()
    })
}

pub fn const_hex_format(parent: &TraceParent) -> [u8; LEN] {
    format(parent, |bytes, text| {
        const_hex::encode_to_slice(bytes, text).expect("twice the length")
    })
}

pub fn faster_hex_parse(value: &[u8]) -> Option<Fields> {
    parse(value, |text, bytes| {
        faster_hex::hex_decode(text, bytes).is_ok()
    })
}

pub fn faster_hex_format(parent: &TraceParent) -> [u8; LEN] {
    format(parent, |bytes, text| {
        faster_hex::hex_encode(bytes, text).expect("twice the length");
    })
}

pub fn hex_simd_parse(value: &[u8]) -> Option<Fields> {
    parse(value, |text, bytes| {
        hex_simd::decode(text, bytes.as_out()).is_ok()
    })
}

pub fn hex_simd_format(parent: &TraceParent) -> [u8; LEN] {
    format(parent, |bytes, text| {
        let _ = hex_simd::encode(bytes, text.as_out(), AsciiCase::Lower);
    })
}

// Crates for traceparent.

pub fn emit_parse(value: &str) -> Result<emit_traceparent::Traceparent, emit_traceparent::Error> {
    emit_traceparent::Traceparent::try_from_str(value)
}

pub fn emit(parent: &TraceParent) -> emit_traceparent::Traceparent {
    emit_parse(&parent.to_string()).expect("valid")
}

pub fn weida_parse(value: &str) -> Result<weida_core::TraceContext, weida_core::TraceError> {
    weida_core::TraceContext::parse_traceparent(value)
}

pub fn weida(parent: &TraceParent) -> weida_core::TraceContext {
    weida_parse(&parent.to_string()).expect("valid")
}

pub fn fastrace_parse(value: &str) -> Option<fastrace::prelude::SpanContext> {
    fastrace::prelude::SpanContext::decode_w3c_traceparent(value)
}

pub fn fastrace(parent: &TraceParent) -> fastrace::prelude::SpanContext {
    fastrace_parse(&parent.to_string()).expect("valid")
}

pub fn traceparent_parse(value: &str) -> Option<traceparent_0_0_3::Traceparent> {
    traceparent_0_0_3::parse(value).ok()
}

pub fn traceparent(parent: &TraceParent) -> traceparent_0_0_3::Traceparent {
    traceparent_parse(&parent.to_string()).expect("valid")
}

/// A carrier that costs next to nothing, so that the propagator is what is measured.
pub struct Carrier<'a>(&'a str);

pub fn carrier(value: &str) -> Carrier<'_> {
    Carrier(value)
}

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

#[derive(Default)]
struct Sent(Option<String>);

impl Injector for Sent {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

#[derive(Default)]
pub struct OpenTelemetry {
    propagator: TraceContextPropagator,
    root: Context,
}

impl OpenTelemetry {
    pub fn extract(&self, carrier: &Carrier<'_>) -> Context {
        self.propagator.extract_with_context(&self.root, carrier)
    }

    pub fn inject(&self, context: &Context) -> Option<String> {
        let mut sent = Sent::default();
        self.propagator.inject_context(context, &mut sent);
        sent.0
    }
}

pub fn context(parent: &TraceParent) -> Context {
    let header = HashMap::from([("traceparent".to_owned(), parent.to_string())]);
    let context = OpenTelemetry::default().propagator.extract(&header);
    assert!(context.span().span_context().is_valid());
    context
}
