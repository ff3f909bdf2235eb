//! Watching an event stream in chunks finds the answer at the byte where the slow reading does.
#![no_main]

#[path = "../../crates/mcp-envelope/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use mcp_envelope::{AnswerWatcher, Id};
use oracle::{Outcome, Tree};

fuzz_target!(|data: &[u8]| {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let wanted = Some(Id::from(1));
    let watch = |size: usize| {
        let mut watcher = AnswerWatcher::sse(wanted.clone());
        let mut at = 0;
        for chunk in stream.chunks(size) {
            at += chunk.len();
            if let Some(answer) = watcher.push(chunk) {
                return Some((Outcome::from(answer), at));
            }
        }
        assert!(watcher.finish().is_none());
        None
    };
    let by_byte = watch(1);
    let by_chunk = watch(usize::from(*size) + 1).map(|(answer, _)| answer);
    assert_eq!(by_chunk, by_byte.clone().map(|(answer, _)| answer));

    // What is no JSON need not be found out to be none: only streams without are compared.
    let events = oracle::events(stream);
    let mut found = None;
    for (data, end) in events {
        if data.trim_ascii().is_empty() {
            continue;
        }
        let Some(tree) = Tree::parse(&data) else {
            return;
        };
        found = found.or_else(|| Some((oracle::outcome_of_body(&tree, wanted.as_ref())?, end + 1)));
    }
    assert_eq!(by_byte, found);
});
