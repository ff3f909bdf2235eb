//! Scanning a request in chunks finds what scanning it whole does, and what `serde_json` reads.
#![no_main]

#[path = "../../crates/mcp-envelope/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use mcp_envelope::{RequestScanner, inspect};
use oracle::Tree;

fuzz_target!(|data: &[u8]| {
    let Some((size, body)) = data.split_first() else {
        return;
    };
    let whole = inspect(body);
    let mut scanner = RequestScanner::new();
    for chunk in body.chunks(usize::from(*size) + 1) {
        scanner.push(chunk);
    }
    scanner.finish();
    assert_eq!(format!("{:?}", scanner.message()), format!("{whole:?}"));

    if let Some(tree @ (Tree::Object(_) | Tree::Array(_))) = Tree::parse(body) {
        oracle::check_body(&whole, &tree);
    }
});
