//! Reading and writing the context on the wire: HTTP headers and JSON-RPC `_meta`.
//!
//! One validator for both. An invalid `traceparent` counts as absent and takes `tracestate`
//! with it; an invalid `tracestate` or `baggage` is dropped alone
//! ([W3C Trace Context Level 2](https://www.w3.org/TR/trace-context-2/), sections 3.2 and 3.3).

mod baggage_filter;
mod headers;
mod values;

pub use baggage_filter::BaggageFilter;
pub use headers::{ContextHeaders, extract_headers, inject_headers, traceparent_headers};
pub(crate) use values::tracestate_of;
pub use values::{Extracted, extract_values};
