//! `GET /api/live`: traces as they change, as
//! [Server-Sent Events](https://html.spec.whatwg.org/multipage/server-sent-events.html).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State as Extract};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::time::Instant;

use crate::viewer::State;

/// Time between two events at least.
const PACE: Duration = Duration::from_millis(250);
/// How long it may be silent.
const SILENCE: Duration = Duration::from_secs(15);
/// Traces of one event at most.
const TRACES: usize = 500;

/// From where on.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    /// The number of a change that is known. Defaults to the last one.
    after: Option<u64>,
}

pub(super) async fn live(
    Extract(state): Extract<Arc<State>>,
    Query(from): Query<From>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = state.store.subscribe();
    let after = from.after.unwrap_or(*changes.borrow_and_update());
    let events = stream::unfold((state, changes, after, Instant::now()), async |all| {
        let (state, mut changes, mut after, mut next) = all;
        let mut ended = state.ended.clone();
        loop {
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => return None,
                changed = changes.wait_for(|last| *last > after) => drop(changed.ok()?),
            }
            tokio::time::sleep_until(next).await;
            next = Instant::now() + PACE;
            let (last, traces) = state.store.changed_after(after, TRACES);
            after = last;
            // What changed may be gone already.
            if traces.is_empty() {
                continue;
            }
            let Ok(event) = Event::default().event("traces").json_data(&traces) else {
                continue;
            };
            return Some((Ok(event), (state, changes, after, next)));
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(SILENCE))
}
