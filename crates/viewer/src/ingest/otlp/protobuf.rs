//! Binary protobuf: an `ExportTraceServiceRequest`, taken apart down to its spans by its tags alone.

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::convert;
use crate::ingest::body::Refused;
use crate::ingest::intake::Intake;
use crate::ingest::{MAX_SPAN, TOO_LONG};

/// `ExportTraceServiceRequest.resource_spans`
const RESOURCE_SPANS: u32 = 1;
/// `ResourceSpans.resource`
const RESOURCE: u32 = 1;
/// `ResourceSpans.scope_spans`
const SCOPE_SPANS: u32 = 2;
/// `ScopeSpans.spans`
const SPANS: u32 = 2;

const MALFORMED: Refused = Refused::Malformed("the body is not an ExportTraceServiceRequest");

/// Hands over the spans of the request in `body`.
pub(super) fn read(body: &[u8], intake: &mut Intake<'_>) -> Result<(), Refused> {
    // All or nothing: the frame is looked at as a whole, before anything is taken.
    for spans in parts(body, RESOURCE_SPANS) {
        let spans = spans?;
        resource(spans)?;
        for scope in parts(spans, SCOPE_SPANS) {
            parts(scope?, SPANS).try_for_each(|span| span.map(drop))?;
        }
    }
    for spans in parts(body, RESOURCE_SPANS) {
        let spans = spans?;
        let service = convert::resource(intake, resource(spans)?);
        for scope in parts(spans, SCOPE_SPANS) {
            for span in parts(scope?, SPANS) {
                intake.span(decoded(span?).and_then(|span| convert::span(span, &service)));
            }
        }
    }
    Ok(())
}

fn resource(spans: &[u8]) -> Result<Resource, Refused> {
    let mut resource = Resource::default();
    for part in parts(spans, RESOURCE) {
        // Of a message that is there twice, the parts count together.
        resource.merge(part?).map_err(|_| MALFORMED)?;
    }
    Ok(resource)
}

fn decoded(span: &[u8]) -> Result<Span, &'static str> {
    if span.len() > MAX_SPAN {
        return Err(TOO_LONG);
    }
    Span::decode(span).map_err(|_| "a span is not valid protobuf")
}

/// The fields `number` of a message, which are messages as well.
fn parts(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Refused>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let part = next(&mut rest, number);
            if part.is_err() {
                rest = &[];
            }
            if let Some(part) = part.transpose() {
                return Some(part);
            }
        }
        None
    })
}

/// The next field, if it is `number`; any other is passed over.
fn next<'a>(rest: &mut &'a [u8], number: u32) -> Result<Option<&'a [u8]>, Refused> {
    let (tag, wire_type) = decode_key(rest).map_err(|_| MALFORMED)?;
    if (tag, wire_type) != (number, WireType::LengthDelimited) {
        skip_field(wire_type, tag, rest, DecodeContext::default()).map_err(|_| MALFORMED)?;
        return Ok(None);
    }
    let len = decode_varint(rest).map_err(|_| MALFORMED)?;
    let len = usize::try_from(len).map_err(|_| MALFORMED)?;
    let (part, after) = rest.split_at_checked(len).ok_or(MALFORMED)?;
    *rest = after;
    Ok(Some(part))
}
