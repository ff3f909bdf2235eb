//! Adding members to `_meta` adds them and changes nothing else, as `serde_json` reads it.
#![no_main]

#[path = "../../crates/mcp-envelope/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use mcp_envelope::Outgoing;

fuzz_target!(|data: &[u8]| {
    // Lines of keys and values, an empty line, and the message.
    let split = data
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .unwrap_or(0);
    let (members, body) = data.split_at(split);
    let members = String::from_utf8_lossy(members);
    let lines: Vec<&str> = members.lines().take(128).collect();
    let members: Vec<(&str, &str)> = lines
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();

    oracle::check_splice(body, &members);
    // No message at all is spliced without a panic.
    if let Ok(splice) = Outgoing::scan(body).splice(&members) {
        assert_eq!(splice.apply().len(), splice.total_len());
        // What was added can be taken out.
        let keys: Vec<&str> = members.iter().map(|(key, _)| *key).collect();
        let bare = Outgoing::scan(&splice.apply()).without(&keys);
        assert!(bare.len() <= splice.total_len());
        for key in keys {
            let member = [(key, "")];
            let again = Outgoing::scan(&bare);
            assert!(again.splice(&member).is_ok_and(|splice| !splice.is_noop()));
        }
    }
});
