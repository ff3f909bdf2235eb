//! Random ids.

use std::cell::RefCell;

use rand::Rng;
use rand::rngs::SmallRng;
use traceparent::{SpanId, TraceId};

thread_local! {
    // Seeded from the operating system: two processes must never share a sequence.
    static RNG: RefCell<SmallRng> = RefCell::new(rand::make_rng());
}

/// Makes the ids of this thread start anew from the operating system's randomness.
///
/// For a child of `fork`, whose thread would otherwise make the same ids as the one in its parent.
pub fn reseed_ids() {
    let _ = RNG.try_with(|rng| *rng.borrow_mut() = rand::make_rng());
}

fn random_u64() -> u64 {
    // The thread's generator is gone while the thread is torn down; a span that ends there
    // still needs an id.
    RNG.try_with(|rng| rng.borrow_mut().next_u64())
        .unwrap_or_else(|_| rand::make_rng::<SmallRng>().next_u64())
}

/// A trace id of 128 random bits, which allows the W3C random flag (Trace Context Level 2,
/// section 3.2.2.5.2).
pub(crate) fn trace_id() -> TraceId {
    loop {
        let bits = u128::from(random_u64()) << 64 | u128::from(random_u64());
        if let Some(id) = TraceId::from_u128(bits) {
            return id;
        }
    }
}

/// A random span id.
pub(crate) fn span_id() -> SpanId {
    loop {
        if let Some(id) = SpanId::from_u64(random_u64()) {
            return id;
        }
    }
}
