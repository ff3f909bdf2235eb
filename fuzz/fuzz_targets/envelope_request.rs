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

    let arguments = |chunk: usize| {
        let mut scanner = RequestScanner::new().capture_arguments(usize::from(*size) + 1);
        for chunk in body.chunks(chunk) {
            scanner.push(chunk);
        }
        scanner.finish();
        let message = scanner.message();
        let arguments = message.arguments().cloned();
        (message.kind(), arguments)
    };
    assert_eq!(arguments(body.len().max(1)), arguments(usize::from(*size) + 1));

    if let Some(tree @ (Tree::Object(_) | Tree::Array(_))) = Tree::parse(body) {
        oracle::check_body(&whole, &tree);
    }
});
