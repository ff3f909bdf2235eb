//! rmcp's traits and types grow. A new method of a trait has a default, so it would be lost
//! in a wrapper without a word; a new method of the peer would have no span. These tests
//! read the source of the rmcp that is in use, and fail when it has more than is wrapped.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A file of the rmcp that Cargo has resolved.
fn rmcp(file: &str) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let version = run("rustc", &["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let metadata = run(
        &cargo,
        &[
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ],
    );
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "rmcp")
        .unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    std::fs::read_to_string(manifest.with_file_name("src").join(file)).unwrap()
}

/// The typed methods of the client's peer, of all their files.
fn client_methods() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/peer/client/methods");
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

/// The names after `keyword` in code lines.
fn names(source: &str, keyword: &str) -> BTreeSet<String> {
    let code = source
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"));
    code.filter_map(|line| {
        let rest = line.split_once(keyword)?.1;
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        (!name.is_empty()).then_some(name)
    })
    .collect()
}

/// From the line that starts with `head` to the next one that is a closing brace.
fn blocks(source: &str, head: &str) -> String {
    let mut lines = source.lines();
    let mut found = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with(head) {
            for line in lines.by_ref().take_while(|line| *line != "}") {
                found += line;
                found.push('\n');
            }
        }
    }
    assert!(
        !found.is_empty(),
        "rmcp has no {head:?} any more: adapt this test"
    );
    found
}

/// The variants of one of rmcp's enums of messages.
fn members(model: &str, union: &str) -> String {
    let head = format!("export type {union} =");
    let (_, rest) = model.split_once(&head).expect("rmcp has the enum");
    rest.split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn every_method_of_server_handler_is_forwarded() {
    let source = rmcp("handler/server.rs");
    let theirs = names(
        &blocks(&source, "macro_rules! server_handler_methods"),
        "fn ",
    );
    let ours = names(
        &blocks(
            include_str!("../src/handler/server.rs"),
            "impl<H: ServerHandler> ServerHandler",
        ),
        "fn ",
    );
    assert!(theirs.len() >= 32, "{theirs:?}");
    assert_eq!(theirs, ours);
}

#[test]
fn every_method_of_client_handler_is_forwarded() {
    let source = rmcp("handler/client.rs");
    let theirs = names(
        &blocks(&source, "macro_rules! client_handler_methods"),
        "fn ",
    );
    let ours = names(
        &blocks(
            include_str!("../src/handler/client.rs"),
            "impl<H: ClientHandler> ClientHandler",
        ),
        "fn ",
    );
    assert!(theirs.len() >= 16, "{theirs:?}");
    assert_eq!(theirs, ours);
}

#[test]
fn every_method_of_the_server_peer_is_traced() {
    let source = rmcp("service/server.rs");
    let server = blocks(&source, "impl Peer<RoleServer> {");
    let mut theirs = names(&server, "pub async fn ");
    for macro_form in ["peer_req ", "peer_req_with_timeout ", "peer_not "] {
        theirs.extend(names(&server, macro_form));
    }
    assert!(theirs.len() >= 15, "{theirs:?}");
    let methods = include_str!("../src/peer/server/methods.rs");
    let elicit = include_str!("../src/peer/server/elicit.rs");
    let mut ours = names(methods, "pub async fn ");
    ours.extend(names(elicit, "pub async fn "));
    assert_eq!(theirs, ours);
}

#[test]
fn every_message_of_a_server_is_known() {
    let source = rmcp("model.rs");
    let ours = include_str!("../src/peer/server/message.rs");
    for (union, at_least) in [("ServerRequest", 5), ("ServerNotification", 10)] {
        let theirs = names(&members(&source, union), "| ");
        assert!(theirs.len() >= at_least, "{theirs:?}");
        assert_eq!(theirs, names(ours, &format!("{union}::")));
    }
}

#[test]
fn every_method_of_the_client_peer_is_traced() {
    let client = blocks(&rmcp("service/client.rs"), "impl Peer<RoleClient> {");
    let general = blocks(&rmcp("service.rs"), "impl<R: ServiceRole> Peer<R> {");
    let mut theirs = names(&client, "pub async fn ");
    theirs.extend(names(&general, "pub async fn "));
    for macro_form in ["peer_req ", "peer_not "] {
        theirs.extend(names(&client, macro_form));
    }
    assert!(theirs.len() >= 45, "{theirs:?}");
    // What these give back, rmcp alone can make.
    theirs.retain(|name| !name.ends_with("_with_cache_hint"));

    let methods = client_methods();
    let mut ours = names(&methods, "pub async fn ");
    ours.extend(names(include_str!("../src/peer/send.rs"), "pub async fn "));
    for line in methods.lines().map(str::trim) {
        if let Some((one, rest)) = line.split_once(" / ") {
            ours.insert(one.to_owned());
            ours.insert(rest.split(':').next().unwrap().to_owned());
        }
    }
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "without a span: {missing:?}");
}

#[test]
fn every_method_of_a_running_client_is_traced() {
    let source = rmcp("service/client.rs");
    let theirs = names(
        &blocks(&source, "impl<S> RunningService<RoleClient, S>"),
        "pub async fn ",
    );
    assert!(theirs.len() >= 9, "{theirs:?}");
    let rounds = include_str!("../src/peer/client/rounds.rs");
    let methods = client_methods();
    for method in theirs {
        // One round is a call of the peer.
        let ours = if method.ends_with("_once") {
            &methods
        } else {
            rounds
        };
        assert!(
            ours.contains(&format!("pub async fn {method}(")),
            "{method}"
        );
    }
}

#[test]
fn every_method_of_the_http_client_is_forwarded() {
    let source = rmcp("transport/streamable_http_client.rs");
    let theirs = names(&blocks(&source, "pub trait StreamableHttpClient"), "fn ");
    let ours = blocks(
        include_str!("../src/http_client.rs"),
        "impl<C: StreamableHttpClient> StreamableHttpClient",
    );
    assert!(theirs.len() >= 6, "{theirs:?}");
    assert_eq!(theirs, names(&ours, "fn "));
}

#[test]
fn every_request_of_a_client_has_its_typed_meta_lifted() {
    let theirs = names(&members(&rmcp("model.rs"), "ClientRequest"), "| ");
    assert!(theirs.len() >= 22, "{theirs:?}");
    let ours = names(
        include_str!("../src/peer/client/message.rs"),
        "ClientRequest::",
    );
    // Neither has parameters.
    let without = ["PingRequest", "DiscoverRequest"].map(str::to_owned);
    let missing: Vec<_> = theirs
        .difference(&ours)
        .filter(|name| !without.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
