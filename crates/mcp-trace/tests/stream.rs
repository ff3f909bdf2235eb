//! `in_trace` for streams.

use std::cell::Cell;
use std::pin::pin;

use futures_util::{Stream, StreamExt, stream};
use mcp_trace::{InTraceStreamExt, TraceContext, current};

#[tokio::test]
async fn every_item_is_made_in_the_trace_and_nothing_stays() {
    let context = TraceContext::new_root();
    let waits = stream::iter(0..3).then(|n| async move {
        tokio::task::yield_now().await;
        (n, current())
    });
    let mut items = pin!(waits.in_trace(context.clone()));
    assert_eq!(items.size_hint(), (3, Some(3)));
    for n in 0..3 {
        let item = items.next().await;
        assert_eq!(item, Some((n, Some(context.clone()))));
        assert_eq!(current(), None);
    }
    assert_eq!(items.next().await, None);
}

#[test]
fn a_stream_is_dropped_in_its_trace() {
    struct Last<'a>(&'a Cell<Option<TraceContext>>);
    impl Drop for Last<'_> {
        fn drop(&mut self) {
            self.0.set(current());
        }
    }
    let seen = Cell::new(None);
    let last = Last(&seen);
    let context = TraceContext::new_root();
    let items = stream::repeat(0)
        .map(move |_| std::ptr::from_ref(&last))
        .in_trace(context.clone());
    drop(items);
    assert_eq!(seen.into_inner(), Some(context));
    assert_eq!(current(), None);
}
