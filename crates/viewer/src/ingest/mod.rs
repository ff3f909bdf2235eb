//! What comes in: each protocol reads its own wire, and gives spans of one shape.

mod body;
mod bounds;
mod otlp;
mod rastir;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use traceparent::TraceId;

use crate::span::{Span, Value};
use crate::viewer::State;

pub(crate) use self::body::InFlight;

/// Spans of one service that came together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) resource: Vec<(String, Value)>,
    pub(crate) spans: Vec<(TraceId, Span)>,
}

/// What was read from a request.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) batches: Vec<Batch>,
    /// Spans that no trace can hold.
    pub(crate) rejected: u64,
    /// What is wrong with the first of them.
    pub(crate) reason: Option<&'static str>,
}

impl Decoded {
    fn reject(&mut self, reason: &'static str) {
        self.rejected += 1;
        self.reason.get_or_insert(reason);
    }

    fn accepted(&self) -> usize {
        self.batches.iter().map(|batch| batch.spans.len()).sum()
    }
}

/// The paths that spans are pushed to.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/traces", post(otlp::take))
        .route("/v1/telemetry", post(rastir::take))
}
