//! The W3C Trace Context and Baggage headers, read and written to the letter.
//!
//! `no_std`, no allocation, no dependency. Level 2 of [Trace Context], and [Baggage].
//!
//! | header | read | write |
//! |---|---|---|
//! | `traceparent` | [`TraceParent::parse`] | [`TraceParent::to_bytes`] |
//! | `tracestate` | [`TraceState::parse`], [`join`] | [`upsert`], [`remove`], [`truncate`] |
//! | `baggage` | [`Baggage::parse`], [`join`][baggage-join] | [`Writer`] |
//!
//! # `traceparent`
//!
//! ```
//! use traceparent::{ParseError, SpanId, TraceFlags, TraceParent};
//!
//! let received = TraceParent::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03")?;
//! assert!(received.flags().is_sampled());
//!
//! // The same trace goes on under a new span.
//! let span_id = SpanId::from_u64(0x53995c3f42cd8ad8).expect("not zero");
//! let sent = TraceParent::new(received.trace_id(), span_id, received.flags());
//! assert_eq!(&sent.to_bytes(), b"00-4bf92f3577b34da6a3ce929d0e0e4736-53995c3f42cd8ad8-03");
//!
//! // An invalid value starts a new trace; the error is for those who want to know why.
//! let error = TraceParent::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067aa0ba902b7-01");
//! assert_eq!(error, Err(ParseError::NotHex { at: 38 }));
//! # Ok::<(), ParseError>(())
//! ```
//!
//! # `tracestate`
//!
//! ```
//! use traceparent::tracestate::{MIN_PROPAGATED, TraceState};
//!
//! // Several headers are one list.
//! let mut joined = [0; 1024];
//! let received = TraceState::join(["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"], &mut joined)?;
//! assert_eq!(received.get("congo"), Some("t61rcWkgMzE"));
//!
//! // A changed member moves to the left. The buffer's length is the limit.
//! let mut buffer = [0; MIN_PROPAGATED];
//! let sent = received.upsert("congo", "ucfJifl5GOE", &mut buffer)?;
//! assert_eq!(sent.as_str(), "congo=ucfJifl5GOE,rojo=00f067aa0ba902b7");
//! # Ok::<(), traceparent::tracestate::Error>(())
//! ```
//!
//! # `baggage`
//!
//! ```
//! use traceparent::baggage::{Baggage, Writer};
//!
//! let received = Baggage::parse("userId=am%C3%A9lie;ttl=60,isProduction=false")?;
//! for member in &received {
//!     println!("{} is {}", member.key, member.value); // userId is amélie
//! }
//!
//! let mut buffer = [0; 128];
//! let mut writer = Writer::new(&mut buffer);
//! writer.push("city", "São Paulo")?;
//! assert_eq!(writer.finish().as_str(), "city=S%C3%A3o%20Paulo");
//! # Ok::<(), traceparent::baggage::Error>(())
//! ```
//!
//! # Beyond this crate
//!
//! It makes no ids, and it does not decide what a context means: which of two headers wins, when to
//! trust a caller, or what to sample. Header names are matched without regard to case, and HTTP
//! parsers strip the white space around a value; both is done before a value gets here.
//!
//! [Trace Context]: https://www.w3.org/TR/trace-context-2/
//! [Baggage]: https://www.w3.org/TR/baggage/
//! [`TraceState::parse`]: tracestate::TraceState::parse
//! [`join`]: tracestate::TraceState::join
//! [`upsert`]: tracestate::TraceState::upsert
//! [`remove`]: tracestate::TraceState::remove
//! [`truncate`]: tracestate::TraceState::truncate
//! [`Baggage::parse`]: baggage::Baggage::parse
//! [baggage-join]: baggage::Baggage::join
//! [`Writer`]: baggage::Writer

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(target_arch = "x86_64", target_feature = "sse2")),
    forbid(unsafe_code)
)]

#[cfg(test)]
extern crate std;

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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
