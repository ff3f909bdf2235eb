//! Reading and writing a version `00` value with SSE2, which every x86-64 machine has.
//!
//! The one module with `unsafe`.
#![allow(unsafe_code)]

use core::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_adds_epu8, _mm_and_si128, _mm_cmpgt_epi8, _mm_cvtsi64_si128,
    _mm_cvtsi128_si64, _mm_loadu_si128, _mm_max_epu8, _mm_min_epu8, _mm_movemask_epi8,
    _mm_or_si128, _mm_packus_epi16, _mm_set1_epi8, _mm_set1_epi16, _mm_slli_epi16, _mm_srli_epi16,
    _mm_storeu_si128, _mm_sub_epi8, _mm_subs_epu8, _mm_unpackhi_epi8, _mm_unpackhi_epi64,
    _mm_unpacklo_epi8,
};

use crate::{SpanId, TraceFlags, TraceId, TraceParent, hex, parent::LEN};

/// Reads a value of version `00`, or says that it is not one.
#[inline(always)]
pub(crate) fn decode(value: &[u8; LEN]) -> Option<TraceParent> {
    let dashes = (value[2] ^ b'-') | (value[35] ^ b'-') | (value[52] ^ b'-');
    let version = (value[0] ^ b'0') | (value[1] ^ b'0');
    let flags = i16::from_le_bytes([value[53], value[54]]);

    // SAFETY: SSE2 is enabled (this module is not compiled otherwise). The loads end at bytes 19,
    // 35 and 52 of the 55, and need no alignment.
    let (faults, high, low, parent_id, flags) = unsafe {
        let text = value.as_ptr();
        let a = digits(_mm_loadu_si128(text.add(3).cast()));
        let b = digits(_mm_loadu_si128(text.add(19).cast()));
        let c = digits(_mm_loadu_si128(text.add(36).cast()));
        let d = digits(_mm_set1_epi16(flags));
        let largest = _mm_max_epu8(_mm_max_epu8(a, b), _mm_max_epu8(c, d));
        let faults = _mm_movemask_epi8(_mm_adds_epu8(largest, _mm_set1_epi8(0x7f - 15)));
        let trace_id = _mm_packus_epi16(pairs(a), pairs(b));
        let rest = _mm_packus_epi16(pairs(c), pairs(d));
        (
            faults,
            _mm_cvtsi128_si64(trace_id) as u64,
            _mm_cvtsi128_si64(_mm_unpackhi_epi64(trace_id, trace_id)) as u64,
            _mm_cvtsi128_si64(rest) as u64,
            _mm_cvtsi128_si64(_mm_unpackhi_epi64(rest, rest)) as u8,
        )
    };
    if faults | i32::from(dashes | version) != 0 {
        return None;
    }
    let trace_id = (u128::from(high.swap_bytes()) << 64) | u128::from(low.swap_bytes());
    Some(TraceParent::new(
        TraceId::from_u128(trace_id)?,
        SpanId::from_u64(parent_id.swap_bytes())?,
        TraceFlags::from_u8(flags),
    ))
}

/// Writes a value of version `00`.
#[inline(always)]
pub(crate) fn encode(parent: TraceParent) -> [u8; LEN] {
    let trace_id = parent.trace_id().to_bytes();
    let parent_id = i64::from_ne_bytes(parent.parent_id().to_bytes());
    let mut value = [b'-'; LEN];
    [value[0], value[1]] = *b"00";
    [value[53], value[54]] = hex::encode_byte(parent.flags().to_u8());
    // SAFETY: SSE2 is enabled (this module is not compiled otherwise). The load takes all of its
    // 16 bytes, the stores end at bytes 19, 35 and 52 of the 55, and none needs alignment.
    unsafe {
        let (a, b) = characters(_mm_loadu_si128(trace_id.as_ptr().cast()));
        let (c, _) = characters(_mm_cvtsi64_si128(parent_id));
        let text = value.as_mut_ptr();
        _mm_storeu_si128(text.add(3).cast(), a);
        _mm_storeu_si128(text.add(19).cast(), b);
        _mm_storeu_si128(text.add(36).cast(), c);
    }
    value
}

/// The values of sixteen digits; more than 15 where the character is not a lower-case hex digit.
#[inline(always)]
unsafe fn digits(text: __m128i) -> __m128i {
    // SAFETY: the caller has SSE2.
    unsafe {
        // Digits become 0xf6 to 0xff, lose 6 without wrapping, and so end as 0 to 9. All else ends above.
        let shifted = _mm_add_epi8(text, _mm_set1_epi8((0xff - b'9') as i8));
        let clamped = _mm_subs_epu8(shifted, _mm_set1_epi8(6));
        let decimals = _mm_sub_epi8(clamped, _mm_set1_epi8(0xf0_u8 as i8));
        // Letters become 10 to 15. What lies below `a` wraps, and stays above as the sum saturates.
        let from_a = _mm_sub_epi8(text, _mm_set1_epi8(b'a' as i8));
        let letters = _mm_adds_epu8(from_a, _mm_set1_epi8(10));
        _mm_min_epu8(decimals, letters)
    }
}

/// The bytes that eight pairs of digit values stand for, each in sixteen bits.
#[inline(always)]
unsafe fn pairs(digits: __m128i) -> __m128i {
    // SAFETY: the caller has SSE2.
    unsafe {
        let bytes = _mm_or_si128(_mm_slli_epi16(digits, 4), _mm_srli_epi16(digits, 8));
        _mm_and_si128(bytes, _mm_set1_epi16(0xff))
    }
}

/// The 32 characters of sixteen bytes.
#[inline(always)]
unsafe fn characters(bytes: __m128i) -> (__m128i, __m128i) {
    // SAFETY: the caller has SSE2.
    unsafe {
        let mask = _mm_set1_epi8(0x0f);
        let high = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
        let low = _mm_and_si128(bytes, mask);
        (
            text(_mm_unpacklo_epi8(high, low)),
            text(_mm_unpackhi_epi8(high, low)),
        )
    }
}

/// Digit values as characters.
#[inline(always)]
unsafe fn text(digits: __m128i) -> __m128i {
    // SAFETY: the caller has SSE2.
    unsafe {
        let letters = _mm_cmpgt_epi8(digits, _mm_set1_epi8(9));
        let gap = _mm_and_si128(letters, _mm_set1_epi8((b'a' - b'0' - 10) as i8));
        _mm_add_epi8(_mm_add_epi8(digits, _mm_set1_epi8(b'0' as i8)), gap)
    }
}
