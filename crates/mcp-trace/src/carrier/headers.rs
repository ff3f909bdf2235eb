//! HTTP headers.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{BaggageFilter, Extracted, extract_values};
use crate::TraceContext;

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
static BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Reads the context from the headers of a request.
///
/// Several `traceparent` headers are invalid together: which of them holds is anybody's guess.
#[must_use]
pub fn extract_headers(headers: &HeaderMap, baggage: &BaggageFilter) -> Extracted {
    let mut found = ContextHeaders::default();
    for (name, value) in headers {
        found.look(name.as_str(), value);
    }
    found.extract(headers, baggage)
}

/// [`extract_headers`] for who goes through all headers anyway: looking each of them up would
/// hash its name.
///
/// ```
/// use http::HeaderMap;
/// use mcp_trace::carrier::{BaggageFilter, ContextHeaders};
///
/// # let headers = HeaderMap::new();
/// let mut found = ContextHeaders::default();
/// for (name, value) in &headers {
///     if !found.look(name.as_str(), value) {
///         // look for others
///     }
/// }
/// let context = found.extract(&headers, &BaggageFilter::none()).into_context();
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ContextHeaders<'h> {
    parent: Option<&'h HeaderValue>,
    has_second: bool,
    has_state: bool,
}

impl<'h> ContextHeaders<'h> {
    /// Looks at one header. Returns whether it belongs to a context.
    #[inline]
    pub fn look(&mut self, name: &str, value: &'h HeaderValue) -> bool {
        match name {
            "traceparent" => self.has_second |= self.parent.replace(value).is_some(),
            "tracestate" => self.has_state = true,
            _ => return false,
        }
        true
    }

    /// Reads the context from `headers`, all of which have been looked at.
    #[must_use]
    #[inline]
    pub fn extract(&self, headers: &HeaderMap, baggage: &BaggageFilter) -> Extracted {
        let Some(parent) = self.parent else {
            return Extracted::Absent;
        };
        if self.has_second {
            return Extracted::Invalid;
        }
        let parent = trim_ows(parent.as_bytes());
        if !self.has_state && baggage.is_none() {
            // As most of them come.
            return extract_values(parent, None, None, baggage);
        }
        extract_values(
            parent,
            values(headers, &TRACESTATE, self.has_state),
            // Not even looked for where none may pass.
            values(headers, &BAGGAGE, !baggage.is_none()),
            baggage,
        )
    }
}

fn values<'h>(
    headers: &'h HeaderMap,
    name: &'static HeaderName,
    are_wanted: bool,
) -> impl Iterator<Item = &'h [u8]> {
    are_wanted
        .then(|| headers.get_all(name))
        .into_iter()
        .flatten()
        .map(|value| trim_ows(value.as_bytes()))
}

/// Optional white space around a field value is not part of it
/// ([RFC 9110, section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
#[inline]
fn trim_ows(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Writes `context` into the headers of a request, replacing an older one.
///
/// `tracestate` is removed where the context has none, since it would belong to another
/// trace. Baggage is written as far as `baggage` lets it pass; what the program has put
/// there itself stays otherwise.
pub fn inject_headers(context: &TraceContext, baggage: &BaggageFilter, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_bytes(&context.traceparent().to_bytes()) {
        headers.insert(&TRACEPARENT, value);
    }
    match context
        .tracestate()
        .and_then(|list| HeaderValue::from_str(list).ok())
    {
        Some(value) => {
            headers.insert(&TRACESTATE, value);
        }
        // Seldom there, and not finding it by a hash takes longer.
        None if headers.keys().any(|name| *name == TRACESTATE) => {
            headers.remove(&TRACESTATE);
        }
        None => {}
    }
    let allowed = context
        .baggage()
        .and_then(|list| baggage.apply([list.as_bytes()]));
    if let Some(value) = allowed.and_then(|list| HeaderValue::from_str(&list).ok()) {
        headers.insert(&BAGGAGE, value);
    }
}

/// The headers that make a call by hand a child of what is current: `traceparent`, and
/// `tracestate` where there is one. Empty outside of any trace.
///
/// ```
/// let headers = mcp_trace::traceparent_headers();
/// assert!(headers.is_empty()); // nothing is current here
/// ```
#[must_use]
pub fn traceparent_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(context) = TraceContext::current() {
        inject_headers(&context, &BaggageFilter::none(), &mut headers);
    }
    headers
}
