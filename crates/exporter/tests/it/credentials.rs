//! Keys that change, and keys that nobody may see.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_trace_exporter::{Credential, configure};

use crate::collector::{Act, Collector};
use crate::support::*;

/// Takes requests with this authorization only.
fn locked(key: &'static str) -> Collector {
    Collector::start(move |request| {
        let authorization = request.headers.get("authorization").map(String::as_str);
        Act::Answer(if authorization == Some(key) { 200 } else { 503 })
    })
}

#[test]
fn a_key_in_a_file_is_read_for_every_attempt() {
    let collector = locked("Bearer new");
    let name = format!("key-{}", std::process::id());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let key = Credential::file(&file).prefixed("Bearer ");
    let guard = otlp(&collector)
        .header_from("authorization", key)
        .build()
        .unwrap();
    let ids = record(&sink(&guard), 10);
    eventually("no file", || {
        only(&guard)
            .last_error
            .is_some_and(|error| error.starts_with("credentials: "))
    });
    assert_eq!(collector.requests().len(), 0, "nothing is sent without it");
    std::fs::write(&file, "old\n").unwrap();
    eventually("refused", || !collector.requests().is_empty());
    std::fs::write(&file, "new\n").unwrap();
    eventually("delivered", || only(&guard).exported == 10);
    std::fs::remove_file(&file).unwrap();
    assert_arrived(&collector, &ids);
    assert_balanced(&only(&guard));
}

#[test]
fn a_key_from_a_function_may_fail_panic_and_hang() {
    let collector = Collector::start(|request| {
        let key = request.headers.get("x-api-key");
        let known = key.is_some_and(|key| key.starts_with("key "));
        Act::Answer(if known { 202 } else { 503 })
    });
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let key = Credential::from_fn(move || match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Err("the vault is closed"),
        1 => panic!("on purpose"),
        2 => {
            std::thread::sleep(MILLIS(1500));
            Ok("late".to_owned())
        }
        call => Ok(format!("key {call}")),
    });
    let guard = configure()
        .push_url(collector.url())
        .api_key("never used")
        .api_key_from(key)
        // Long enough for a loaded machine to deliver in.
        .timeout(MILLIS(1000))
        .flush_interval(MILLIS(10))
        .build()
        .unwrap();
    record(&sink(&guard), 10);
    eventually("delivered", || only(&guard).exported == 10);
    assert_eq!(collector.requests().len(), 1);
    assert!(only(&guard).failed_requests >= 3);
    assert_balanced(&only(&guard));
}

#[test]
fn keys_are_never_printed() {
    let secret = "s3cr3t";
    let refusing = Collector::start(|_| Act::Answer(401));
    let builder = configure()
        .otlp_endpoint(refusing.url())
        .push_url(format!("{}/?key={secret}", refusing.url()))
        .headers([("authorization", secret)])
        .api_key(secret)
        .header_from(
            "x-more",
            Credential::from_fn(move || Ok::<_, String>(secret.to_owned())).prefixed(secret),
        )
        .flush_interval(MILLIS(10));
    assert!(!format!("{builder:?}").contains(secret));
    let guard = builder.build().unwrap();
    record(&sink(&guard), 1);
    eventually("refused", || {
        guard
            .stats()
            .destinations
            .iter()
            .all(|destination| destination.failed_requests > 0)
    });
    assert!(
        refusing
            .requests()
            .iter()
            .any(|r| r.headers.get("x-more").is_some_and(|v| v == "s3cr3ts3cr3t"))
    );
    let printed = format!("{guard:?} {:?} {:?}", guard.stats(), guard.sink());
    assert!(!printed.contains(secret), "{printed}");
    let _ = guard.shutdown_blocking(MILLIS(0));

    // What is wrong with a secret is said without it.
    let error = configure()
        .otlp_endpoint("http://127.0.0.1:9")
        .headers([("authorization", "s3cr3t\n")])
        .build()
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
}
