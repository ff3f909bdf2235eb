//! The safe way to read and write a version `00` value: eight digits at a time in one `u64`.
//!
//! It serves constants and targets without SSE2, and it is what the other way is tested against.

use crate::{SpanId, TraceFlags, TraceId, TraceParent, hex, parent::LEN};

/// Reads a value of version `00`, or says that it is not one.
#[inline(always)]
pub(crate) const fn decode(value: &[u8; LEN]) -> Option<TraceParent> {
    let trace_id = [
        hex::load(value, 3),
        hex::load(value, 11),
        hex::load(value, 19),
        hex::load(value, 27),
    ];
    let parent_id = [hex::load(value, 36), hex::load(value, 44)];
    let flags = u64::from_le_bytes([b'0', b'0', b'0', b'0', b'0', b'0', value[53], value[54]]);

    let dashes = (value[2] ^ b'-') | (value[35] ^ b'-') | (value[52] ^ b'-');
    let version = (value[0] ^ b'0') | (value[1] ^ b'0');
    let faults = hex::faults(trace_id[0])
        | hex::faults(trace_id[1])
        | hex::faults(trace_id[2])
        | hex::faults(trace_id[3])
        | hex::faults(parent_id[0])
        | hex::faults(parent_id[1])
        | hex::faults(flags)
        | (dashes | version) as u64;
    if faults != 0 {
        return None;
    }

    let high = ((hex::value(trace_id[0]) as u64) << 32) | hex::value(trace_id[1]) as u64;
    let low = ((hex::value(trace_id[2]) as u64) << 32) | hex::value(trace_id[3]) as u64;
    let parent_id = ((hex::value(parent_id[0]) as u64) << 32) | hex::value(parent_id[1]) as u64;
    match (
        TraceId::from_u128(((high as u128) << 64) | low as u128),
        SpanId::from_u64(parent_id),
    ) {
        (Some(trace_id), Some(parent_id)) => Some(TraceParent::new(
            trace_id,
            parent_id,
            TraceFlags::from_u8(hex::value(flags) as u8),
        )),
        _ => None,
    }
}

/// Writes a value of version `00`.
#[cfg_attr(all(target_arch = "x86_64", target_feature = "sse2"), allow(dead_code))]
#[inline(always)]
pub(crate) const fn encode(parent: TraceParent) -> [u8; LEN] {
    let mut value = *b"00-................................-................-..";
    hex::copy(parent.trace_id().to_hex(), &mut value, 3);
    hex::copy(parent.parent_id().to_hex(), &mut value, 36);
    hex::copy(hex::encode_byte(parent.flags().to_u8()), &mut value, 53);
    value
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use crate::{SpanId, TraceFlags, TraceId, TraceParent};

    /// Targets without SSE2 write this way too, and no other test of theirs runs here.
    #[test]
    fn writes_what_it_reads() {
        let step = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
        for i in 1..1000 {
            let bits = step.wrapping_mul(i);
            let parent = TraceParent::new(
                TraceId::from_u128(bits).unwrap(),
                SpanId::from_u64((bits >> 32) as u64).unwrap(),
                TraceFlags::from_u8(i as u8),
            );
            let value = encode(parent);
            assert_eq!(value, parent.to_bytes());
            assert_eq!(decode(&value), Some(parent));
        }
    }
}
