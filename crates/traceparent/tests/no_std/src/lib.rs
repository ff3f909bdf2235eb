//! A program without `std` and without an allocator that uses all of the codec.
//!
//! `cargo build --manifest-path crates/traceparent/tests/no_std/Cargo.toml` fails as soon as the codec
//! needs `std`, which has a panic handler of its own, or `alloc`, for which there is no allocator.

#![no_std]

use core::{panic::PanicInfo, slice};

use traceparent::{
    TraceParent,
    baggage::{Baggage, Writer},
    tracestate::{MIN_PROPAGATED, TraceState},
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Passes the three headers on and gives the length of what would be sent.
///
/// # Safety
///
/// `header` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pass_on(header: *const u8, len: usize) -> usize {
    // SAFETY: the caller says so.
    let header = unsafe { slice::from_raw_parts(header, len) };
    let mut sent = 0;
    if let Ok(parent) = TraceParent::parse(header) {
        sent += parent.to_bytes().len();
    }
    if let Ok(state) = TraceState::parse(header) {
        let mut buffer = [0; MIN_PROPAGATED];
        sent += state.upsert("key", "value", &mut buffer).map_or(0, |state| state.as_str().len());
    }
    if let Ok(baggage) = Baggage::parse(header) {
        let mut buffer = [0; 256];
        let mut writer = Writer::new(&mut buffer);
        for member in baggage {
            sent += member.value.decode().count();
            let _ = writer.copy(&member);
        }
        sent += writer.finish().as_str().len();
    }
    sent
}
