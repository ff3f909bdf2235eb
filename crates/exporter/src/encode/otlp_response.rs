//! Reading `ExportTraceServiceResponse`.
//!
//! A receiver that says "partial success" took the request: it is never sent again, and what
//! it refused is counted. An answer that cannot be read is a success without more to say.

use http::StatusCode;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::Verdict;

pub(super) fn judge_protobuf(status: StatusCode, body: &[u8]) -> Verdict {
    judge(status, || {
        let partial = length_delimited(body, 1)?;
        let message =
            length_delimited(partial, 2).map(|text| String::from_utf8_lossy(text).into_owned());
        Some((varint(partial, 1).unwrap_or(0) as i64, message))
    })
}

pub(super) fn judge_json(status: StatusCode, body: &[u8]) -> Verdict {
    judge(status, || {
        let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
        let partial = answer.get("partialSuccess")?;
        let rejected = match partial.get("rejectedSpans") {
            Some(serde_json::Value::String(text)) => text.parse().ok(),
            Some(number) => number.as_i64(),
            None => None,
        };
        let message = partial
            .get("errorMessage")
            .and_then(|text| text.as_str())
            .map(str::to_owned);
        Some((rejected.unwrap_or(0), message))
    })
}

fn judge(status: StatusCode, partial: impl FnOnce() -> Option<(i64, Option<String>)>) -> Verdict {
    match Verdict::of_status(status) {
        Verdict::Accepted { .. } => {
            let (rejected, message) = partial().unwrap_or_default();
            let message = message.filter(|text| !text.is_empty());
            Verdict::Accepted {
                rejected: rejected.try_into().unwrap_or(0),
                message,
            }
        }
        other => other,
    }
}

/// The content of a nested field.
fn length_delimited(message: &[u8], wanted: u32) -> Option<&[u8]> {
    find(message, wanted, WireType::LengthDelimited, |rest| {
        let len = usize::try_from(decode_varint(rest).ok()?).ok()?;
        rest.get(..len)
    })
}

fn varint(message: &[u8], wanted: u32) -> Option<u64> {
    find(message, wanted, WireType::Varint, |rest| {
        decode_varint(rest).ok()
    })
}

fn find<'a, T>(
    mut rest: &'a [u8],
    wanted: u32,
    wire_type: WireType,
    read: impl FnOnce(&mut &'a [u8]) -> Option<T>,
) -> Option<T> {
    while rest.has_remaining() {
        let (field, found) = decode_key(&mut rest).ok()?;
        if field == wanted && found == wire_type {
            return read(&mut rest);
        }
        skip_field(found, field, &mut rest, DecodeContext::default()).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use proptest::prelude::*;
    use prost::Message;

    use super::{judge_json, judge_protobuf};
    use crate::encode::Verdict;

    fn accepted(rejected: u64, message: Option<&str>) -> Verdict {
        Verdict::Accepted {
            rejected,
            message: message.map(str::to_owned),
        }
    }

    #[test]
    fn partial_success_is_counted() {
        for (rejected, message) in [(0, ""), (3, "too old"), (0, "a warning"), (-1, "")] {
            let partial_success = Some(ExportTracePartialSuccess {
                rejected_spans: rejected,
                error_message: message.to_owned(),
            });
            let body = ExportTraceServiceResponse { partial_success };
            let want = accepted(
                rejected.try_into().unwrap_or(0),
                Some(message).filter(|m| !m.is_empty()),
            );
            assert_eq!(judge_protobuf(StatusCode::OK, &body.encode_to_vec()), want);
            assert_eq!(
                judge_json(StatusCode::OK, &serde_json::to_vec(&body).unwrap()),
                want
            );
        }
        let string = br#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"no"}}"#;
        assert_eq!(judge_json(StatusCode::OK, string), accepted(7, Some("no")));
        assert_eq!(judge_json(StatusCode::OK, b"{}"), accepted(0, None));
    }

    #[test]
    fn status_codes() {
        let verdict = |status: u16| judge_protobuf(StatusCode::from_u16(status).unwrap(), b"");
        for status in [429, 502, 503, 504] {
            assert_eq!(verdict(status), Verdict::Unavailable, "{status}");
        }
        for status in [301, 307, 400, 404, 405, 418, 500, 501, 505] {
            assert_eq!(verdict(status), Verdict::Refused, "{status}");
        }
        assert_eq!(verdict(413), Verdict::TooLarge);
        assert_eq!(
            (verdict(401), verdict(403)),
            (Verdict::Unauthorized, Verdict::Unauthorized)
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let is_accepted = |verdict| matches!(verdict, Verdict::Accepted { .. });
            prop_assert!(is_accepted(judge_protobuf(StatusCode::OK, &body)));
            prop_assert!(is_accepted(judge_json(StatusCode::OK, &body)));
        }
    }
}
