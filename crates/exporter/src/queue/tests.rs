//! What is held, counted and said.

use std::time::{Duration, Instant};

use mcp_trace::SpanRecord;

use super::{CHUNK, Limits, Next, Queue};
use crate::testing::span;

impl Queue {
    /// Whether the worker has to be woken.
    fn take(&self, tool: &str) -> bool {
        let span = span(tool);
        let weight = span.weight();
        let mut held = self.hold();
        held.admit(weight)
            .into_iter()
            .for_each(|spans| spans.push(span.clone()));
        matches!(held.release(), Next::Wake)
    }
}

fn queue(spans: usize, bytes: usize) -> Queue {
    Queue::new(Limits {
        spans,
        bytes,
        batch_spans: 3,
        batch_bytes: 1 << 20,
    })
}

#[test]
fn the_newest_is_dropped_and_counted() {
    let queue = queue(2, 1 << 20);
    for n in 0..5 {
        queue.take(&format!("tool{n}"));
    }
    let (totals, _) = queue.totals();
    assert_eq!((totals.recorded(), totals.accepted, totals.full), (5, 2, 3));
    let chunk = queue.pop().unwrap();
    assert_eq!(chunk.spans[0].name(), "tools/call tool0");
    assert_eq!((queue.level().spans, queue.level().bytes), (0, 0));
}

#[test]
fn bytes_are_a_bound_too() {
    let weight = span("tool").weight();
    let queue = queue(100, 3 * weight);
    for _ in 0..5 {
        queue.take("tool");
    }
    let (totals, held) = queue.totals();
    assert_eq!((totals.accepted, totals.full, held), (3, 2, 3));
}

#[test]
fn a_rest_goes_back_to_the_front() {
    let queue = queue(1000, 1 << 30);
    for n in 0..300 {
        queue.take(&format!("tool{n}"));
    }
    let before = queue.level();
    let mut chunk = queue.pop().unwrap();
    chunk.spans.drain(..100);
    queue.unpop(chunk);
    assert_eq!(queue.level().spans, before.spans - 100);
    assert_eq!(queue.pop().unwrap().spans[0].name(), "tools/call tool100");
}

#[test]
fn emptied_chunks_are_filled_again() {
    let queue = queue(1000, 1 << 30);
    queue.take("tool");
    let mut chunk = queue.pop().unwrap();
    let place = chunk.spans.as_ptr();
    chunk.spans.clear();
    queue.unpop(chunk);
    assert_eq!((queue.level().spans, queue.level().oldest), (0, None));
    queue.take("another");
    let chunk = queue.pop().unwrap();
    assert_eq!(chunk.spans.as_ptr(), place);
    assert_eq!(chunk.spans[0].name(), "tools/call another");
}

#[test]
fn a_batch_is_due_by_count_or_age() {
    let queue = queue(100, 1 << 30);
    let (now, age) = (Instant::now(), Duration::from_secs(5));
    assert_eq!(queue.level().due(now, &queue.limits(), age), None);
    queue.take("tool");
    let due = queue.level().due(now, &queue.limits(), age).unwrap();
    assert!(due >= now + age && due < now + age + Duration::from_secs(1));
    queue.take("tool");
    queue.take("tool");
    assert_eq!(queue.level().due(now, &queue.limits(), age), Some(now));
}

#[test]
fn a_closed_queue_counts_what_it_turns_away() {
    let queue = queue(10, 1 << 20);
    queue.close();
    queue.take("tool");
    let (totals, _) = queue.totals();
    assert_eq!((totals.recorded(), totals.after_shutdown), (1, 1));
}

#[test]
fn a_first_span_wakes_the_worker_unless_that_will_look() {
    let queue = queue(100, 1 << 30);
    let burst = || [(); 4].map(|()| queue.take("tool"));
    assert_eq!(
        burst(),
        [true, false, true, false],
        "the first, and a batch"
    );
    queue.pop();
    queue.expect(true);
    assert_eq!(burst(), [false, false, true, false], "only a batch");
    queue.pop();
    queue.expect(false);
    assert_eq!(burst(), [true, false, true, false]);
}

#[test]
fn a_rest_of_the_newest_comes_before_what_came_meanwhile() {
    let queue = queue(1000, 1 << 30);
    let burst = |names: [&str; 2]| names.map(|name| queue.take(name));
    burst(["a", "b"]);
    let mut chunk = queue.pop().unwrap();
    burst(["c", "d"]);
    chunk.spans.drain(..1);
    queue.unpop(chunk);
    let chunks = [(); 3].map(|()| queue.pop().map_or(Vec::new(), |chunk| chunk.spans));
    let names: Vec<_> = chunks.iter().flatten().map(SpanRecord::name).collect();
    assert_eq!(names, ["tools/call b", "tools/call c", "tools/call d"]);
    let level = queue.level();
    assert_eq!((level.spans, level.bytes, level.oldest), (0, 0, None));
    assert!(queue.pop().is_none());
}

#[test]
fn a_child_gets_what_its_parent_holds() {
    let (parent, child) = (queue(1000, 1 << 30), queue(1000, 1 << 30));
    child.inherit(&parent);
    assert!(child.pop().is_none());
    for n in 0..300 {
        parent.take(&format!("tool{n}"));
    }
    child.inherit(&parent);
    let (totals, held) = child.totals();
    assert_eq!((totals.recorded(), totals.accepted, held), (300, 300, 300));
    assert_eq!(child.level().bytes, parent.level().bytes);
    child.pop().unwrap();
    let mut last = child.pop().unwrap();
    assert_eq!(last.spans[43].name(), "tools/call tool299");
    assert_eq!((child.level().spans, child.level().bytes), (0, 0));
    last.spans.clear();
    child.unpop(last);
    child.take("tool");
    let room = child.pop().unwrap().spans.capacity();
    assert!(room >= CHUNK, "a copy has no room for more: {room}");
}
