//! Answers in the encoding of the question: an `ExportTraceServiceResponse`, or a `Status`.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use crate::ingest::intake::Taken;

/// How a request is written, and so its answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

/// `google.rpc.Status`, as far as OTLP uses it.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

impl Encoding {
    /// Everything was taken, apart from rejected spans.
    pub(super) fn success(self, taken: &Taken) -> Response {
        let partial = (taken.rejected > 0).then_some((taken.rejected, taken.reason));
        match self {
            Self::Protobuf => {
                let answer = ExportTraceServiceResponse {
                    partial_success: partial.map(|(rejected, reason)| ExportTracePartialSuccess {
                        rejected_spans: i64::try_from(rejected).unwrap_or(i64::MAX),
                        error_message: reason.to_owned(),
                    }),
                };
                self.answer(StatusCode::OK, answer.encode_to_vec())
            }
            Self::Json => {
                let answer = match partial {
                    Some((rejected, reason)) => json!({"partialSuccess": {
                        "rejectedSpans": rejected.to_string(),
                        "errorMessage": reason,
                    }}),
                    None => json!({}),
                };
                self.answer(StatusCode::OK, answer.to_string().into_bytes())
            }
        }
    }

    /// Nothing was taken.
    pub(super) fn error(self, status: StatusCode, message: &str) -> Response {
        // Codes of gRPC: unavailable, or an invalid argument.
        let code = if status == StatusCode::SERVICE_UNAVAILABLE {
            14
        } else {
            3
        };
        let body = match self {
            Self::Protobuf => Status {
                code,
                message: message.to_owned(),
            }
            .encode_to_vec(),
            Self::Json => json!({"code": code, "message": message})
                .to_string()
                .into_bytes(),
        };
        let answer = self.answer(status, body);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return ([(header::RETRY_AFTER, "1")], answer).into_response();
        }
        answer
    }

    fn answer(self, status: StatusCode, body: Vec<u8>) -> Response {
        let content_type = match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        };
        (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
    }
}
