//! The least that reading and writing a version `00` value takes, by hand and with SSE2.

use std::arch::x86_64::*;

use traceparent::TraceParent;

/// Length, version, dashes, digits and zero ids are checked; what is wrong is not said.
#[inline]
pub fn parse(value: &[u8]) -> Option<(u128, u64, u8)> {
    if value.len() != 55 || value[0..3] != *b"00-" || value[35] != b'-' || value[52] != b'-' {
        return None;
    }
    let flags = (value[53] as char).to_digit(16)? << 4 | (value[54] as char).to_digit(16)?;
    // SAFETY: SSE2 is a part of x86-64; the loads end at bytes 19, 35 and 52 of the 55.
    unsafe {
        let (a, bad_a) = nibbles(_mm_loadu_si128(value.as_ptr().add(3).cast()));
        let (b, bad_b) = nibbles(_mm_loadu_si128(value.as_ptr().add(19).cast()));
        let (c, bad_c) = nibbles(_mm_loadu_si128(value.as_ptr().add(36).cast()));
        if _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(bad_a, bad_b), bad_c)) != 0 {
            return None;
        }
        let trace_id = _mm_packus_epi16(bytes(a), bytes(b));
        let parent_id = _mm_packus_epi16(bytes(c), bytes(c));
        let mut id = [0; 16];
        _mm_storeu_si128(id.as_mut_ptr().cast(), trace_id);
        let trace_id = u128::from_be_bytes(id);
        let parent_id = (_mm_cvtsi128_si64(parent_id) as u64).swap_bytes();
        (trace_id != 0 && parent_id != 0).then_some((trace_id, parent_id, flags as u8))
    }
}

/// Writes all fields.
#[inline]
pub fn format(parent: &TraceParent) -> [u8; 55] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut value = [b'-'; 55];
    let trace_id = parent.trace_id().to_bytes();
    let parent_id = parent.parent_id().to_u64().swap_bytes() as i64;
    let flags = parent.flags().to_u8();
    value[0] = b'0';
    value[1] = b'0';
    value[53] = DIGITS[usize::from(flags >> 4)];
    value[54] = DIGITS[usize::from(flags & 15)];
    // SAFETY: SSE2 is a part of x86-64; the stores end at bytes 19, 35 and 52 of the 55.
    unsafe {
        let (a, b) = characters(_mm_loadu_si128(trace_id.as_ptr().cast()));
        let (c, _) = characters(_mm_cvtsi64_si128(parent_id));
        _mm_storeu_si128(value.as_mut_ptr().add(3).cast(), a);
        _mm_storeu_si128(value.as_mut_ptr().add(19).cast(), b);
        _mm_storeu_si128(value.as_mut_ptr().add(36).cast(), c);
    }
    value
}

/// The values of the digits, and which of them are none.
#[inline(always)]
unsafe fn nibbles(text: __m128i) -> (__m128i, __m128i) {
    unsafe {
        let at_least = |low: u8| _mm_cmpgt_epi8(text, _mm_set1_epi8(low as i8 - 1));
        let at_most = |high: u8| _mm_cmplt_epi8(text, _mm_set1_epi8(high as i8 + 1));
        let decimal = _mm_and_si128(at_least(b'0'), at_most(b'9'));
        let letter = _mm_and_si128(at_least(b'a'), at_most(b'f'));
        let nine = _mm_and_si128(letter, _mm_set1_epi8(9));
        let value = _mm_add_epi8(_mm_and_si128(text, _mm_set1_epi8(15)), nine);
        let good = _mm_or_si128(decimal, letter);
        (value, _mm_andnot_si128(good, _mm_set1_epi8(-1)))
    }
}

#[inline(always)]
unsafe fn bytes(nibbles: __m128i) -> __m128i {
    unsafe {
        let joined = _mm_or_si128(_mm_slli_epi16(nibbles, 4), _mm_srli_epi16(nibbles, 8));
        _mm_and_si128(joined, _mm_set1_epi16(0xff))
    }
}

#[inline(always)]
unsafe fn characters(bytes: __m128i) -> (__m128i, __m128i) {
    unsafe {
        let mask = _mm_set1_epi8(15);
        let high = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
        let low = _mm_and_si128(bytes, mask);
        let text = |nibbles| {
            let letter =
                _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8(39));
            _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8(48)), letter)
        };
        (
            text(_mm_unpacklo_epi8(high, low)),
            text(_mm_unpackhi_epi8(high, low)),
        )
    }
}
