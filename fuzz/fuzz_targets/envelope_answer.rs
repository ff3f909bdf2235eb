//! Watching a JSON answer in chunks finds what watching it whole does, and what `serde_json` reads.
#![no_main]

#[path = "../../crates/mcp-envelope/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use mcp_envelope::{AnswerWatcher, Id};
use oracle::{Outcome, Tree};

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let wanted = [None, Some(Id::from(1)), Some(Id::from("1"))][usize::from(choice % 3)].clone();
    let mut watcher = AnswerWatcher::json(wanted.clone());
    let whole = watcher.push(body).map(Outcome::from);

    let mut watcher = AnswerWatcher::json(wanted.clone());
    let mut found = None;
    for chunk in body.chunks(usize::from(choice / 3) + 1) {
        if let Some(answer) = watcher.push(chunk) {
            assert!(found.is_none(), "an answer is reported once");
            found = Some(Outcome::from(answer));
        }
    }
    assert!(watcher.finish().is_none());
    assert_eq!(found, whole);

    let kept = |chunk: usize| {
        let mut watcher = AnswerWatcher::json(wanted.clone()).capture_result(100);
        for chunk in body.chunks(chunk) {
            watcher.push(chunk);
        }
        watcher.answer().map(|answer| answer.excerpt().cloned())
    };
    assert_eq!(kept(body.len().max(1)), kept(usize::from(choice / 3) + 1));

    if let Some(tree) = Tree::parse(body) {
        assert_eq!(whole, oracle::outcome_of_body(&tree, wanted.as_ref()));
    }
});
