//! What comes in: each protocol reads its own wire, and gives spans of one shape.
//!
//! A few bytes on the wire can stand for a large structure in memory, so a request is never
//! decoded as a whole: first its frame is checked, then span after span is decoded, bounded and
//! handed over.

mod body;
mod bounds;
mod intake;
mod otlp;
mod rastir;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

pub(crate) use self::body::Intakes;
pub(crate) use self::rastir::SPAN_TYPE;
use crate::viewer::State;

/// Longer spans are not looked at.
const MAX_SPAN: usize = 4 << 20;
const TOO_LONG: &str = "a span is over 4 MiB";

/// Whether the text of JSON is an object: where one is asked for, the parser takes an array as well.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

/// The paths that spans are pushed to.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/traces", post(otlp::take))
        .route("/v1/telemetry", post(rastir::take))
}
