//! W3C Trace Context and Baggage codec: strict, `no_std`, no allocation, no dependency.

#![no_std]

mod error;
mod flags;
mod hex;
mod id;
mod list;
mod parent;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod sse2;
mod swar;

pub mod baggage;
pub mod tracestate;

pub use self::{
    error::ParseError,
    flags::TraceFlags,
    id::{SpanId, TraceId},
    parent::TraceParent,
};
