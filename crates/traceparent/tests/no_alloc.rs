//! Nothing in the codec allocates, whether it succeeds or fails.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt::{self, Write},
    hint::black_box,
};

use traceparent::{
    TraceParent,
    baggage::{Baggage, Writer},
    tracestate::TraceState,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn allocations(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

/// Takes text and forgets it.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        Ok(())
    }
}

#[test]
fn counts() {
    assert_eq!(allocations(|| drop(black_box(String::from("one")))), 1);
}

#[test]
fn traceparent() {
    let count = allocations(|| {
        let value = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent = TraceParent::parse(black_box(value)).unwrap();
        black_box(parent.to_bytes());
        write!(Sink, "{parent} {parent:?} {}", parent.trace_id()).unwrap();
        let error = TraceParent::parse(black_box(&value[1..])).unwrap_err();
        write!(Sink, "{error} {}", error.kind()).unwrap();
        assert!(
            TraceParent::parse(b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-").is_ok()
        );
    });
    assert_eq!(count, 0);
}

#[test]
fn tracestate() {
    let count = allocations(|| {
        let (mut joined, mut buffer) = ([0; 64], [0; 512]);
        let state = TraceState::join([" foo=1,bar=2", "baz=3"], &mut joined).unwrap();
        let changed = state.upsert("bar", "4", &mut buffer).unwrap();
        assert_eq!((changed.get("bar"), changed.len()), (Some("4"), 3));
        write!(Sink, "{state} {state:?}").unwrap();
        assert_eq!(state.remove("bar", &mut buffer).as_str(), "foo=1,baz=3");
        assert_eq!(state.truncate(&mut buffer[..8]).as_str(), "foo=1");
        write!(Sink, "{}", TraceState::parse("foo").unwrap_err()).unwrap();
    });
    assert_eq!(count, 0);
}

#[test]
fn baggage() {
    let count = allocations(|| {
        let (mut joined, mut buffer) = ([0; 64], [0; 512]);
        let baggage = Baggage::join(["a=%20;p=1", "b=%ff"], &mut joined).unwrap();
        let mut writer = Writer::new(&mut buffer);
        for member in &baggage {
            writer.copy(&member).unwrap();
            write!(Sink, "{} {}", member.key, member.value).unwrap();
        }
        writer.push_with("c", "é", [("p", Some(" "))]).unwrap();
        assert_eq!(writer.finish().as_str(), "a=%20;p=1,b=%ff,c=%C3%A9;p=%20");
        write!(Sink, "{}", Baggage::parse("foo").unwrap_err()).unwrap();
    });
    assert_eq!(count, 0);
}
