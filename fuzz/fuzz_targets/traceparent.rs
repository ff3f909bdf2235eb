//! Three readers of `traceparent` agree on every input, and what is read is written back the same.
#![no_main]

#[path = "../../crates/traceparent/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use traceparent::{SpanId, TraceFlags, TraceId, TraceParent};

fuzz_target!(|data: &[u8]| {
    check(data);

    // Most inputs are no header. With their bytes put where digits stand, they nearly are one.
    let mut near = *b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for pair in data.chunks_exact(2) {
        near[usize::from(pair[0]) % near.len()] = pair[1];
    }
    check(&near);

    if let Some((ids, _)) = data.split_first_chunk::<25>() {
        let (trace_id, rest) = ids.split_first_chunk().expect("25 bytes");
        let (parent_id, rest) = rest.split_first_chunk().expect("9 bytes");
        if let (Some(trace_id), Some(parent_id)) = (
            TraceId::from_bytes(*trace_id),
            SpanId::from_bytes(*parent_id),
        ) {
            write(TraceParent::new(
                trace_id,
                parent_id,
                TraceFlags::from_u8(rest[0]),
            ));
        }
    }
});

fn check(value: &[u8]) {
    let parsed = TraceParent::parse(value);
    assert_eq!(parsed, TraceParent::parse_const(value));
    let fields = parsed.map(|parent| {
        let (trace_id, parent_id) = (parent.trace_id(), parent.parent_id());
        (
            trace_id.to_u128(),
            parent_id.to_u64(),
            parent.flags().to_u8(),
        )
    });
    assert_eq!(fields.ok(), oracle::traceparent(value));
    if let Ok(parent) = parsed {
        write(parent);
    }
}

fn write(parent: TraceParent) {
    let value = parent.to_bytes();
    let (trace_id, parent_id) = (parent.trace_id(), parent.parent_id());
    let flags = parent.flags().to_u8();
    let slow = format!(
        "00-{:032x}-{:016x}-{flags:02x}",
        trace_id.to_u128(),
        parent_id.to_u64()
    );
    assert_eq!(value, slow.as_bytes());
    // Ids are written on the safe path.
    assert_eq!(value[3..35], trace_id.to_hex());
    assert_eq!(value[36..52], parent_id.to_hex());
    assert_eq!(TraceParent::parse(&value), Ok(parent));
}
