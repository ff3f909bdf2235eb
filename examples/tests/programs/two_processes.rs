//! `mcp_client` calls `mcp_server`: two programs, one trace.

use std::collections::HashSet;

use crate::program::{Server, example, output, text};
use mcp_trace_examples::{Kind, Receiver, Span};
use serde_json::Value;

/// What `mcp_client` printed for each call.
async fn call(url: &str, options: &[&str]) -> Vec<Value> {
    let mut client = example("mcp_client");
    client
        .args(["--url", url, "--service", "my-agent"])
        .args(options);
    let client = output(client).await;
    assert!(
        client.status.success(),
        "{options:?}: {}",
        text(&client.stderr)
    );
    let lines = text(&client.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

fn id<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key}: {line}"))
}

/// The agent and the CLIENT spans of a trace, one for each printed line.
fn clients<'a>(spans: &'a [Span], lines: &[Value], name: &str) -> Vec<&'a Span> {
    let trace = id(&lines[0], "trace_id");
    let ours: Vec<&Span> = spans.iter().filter(|span| span.trace_id == trace).collect();
    let is_root = |span: &&&Span| span.parent_id.is_none();
    let agents: Vec<&Span> = ours.iter().filter(is_root).copied().collect();
    let [agent] = agents.as_slice() else {
        panic!("{} roots in {spans:#?}", agents.len())
    };
    assert_eq!(
        (agent.name.as_str(), agent.service.as_str()),
        ("invoke_agent my-agent", "my-agent")
    );

    let clients: Vec<&Span> = ours
        .into_iter()
        .filter(|span| span.kind == Kind::Client)
        .collect();
    let printed: HashSet<_> = lines
        .iter()
        .map(|line| (trace, id(line, "span_id")))
        .collect();
    let arrived: HashSet<_> = clients
        .iter()
        .map(|span| (span.trace_id.as_str(), span.span_id.as_str()))
        .collect();
    assert_eq!((printed.len(), &printed), (lines.len(), &arrived));
    for client in &clients {
        assert_eq!(
            (client.name.as_str(), client.service.as_str()),
            (name, "my-agent")
        );
        assert!(client.is_child_of(agent), "{client}");
    }
    clients
}

#[tokio::test]
async fn one_trace_with_two_services() {
    for mode in ["stateful", "stateless", "json"] {
        for revision in ["legacy", "2026-07-28"] {
            let receiver = Receiver::start().await.unwrap();
            let to = ["--otlp-endpoint", &receiver.url()];
            let server = Server::start(
                "mcp_server",
                &[&["--service", "tool-server", "--mode", mode], &to[..]].concat(),
            )
            .await;
            let options = [
                "--tool",
                "whoami",
                "--revision",
                revision,
                "--calls",
                "3",
                "--concurrency",
                "2",
            ];
            let lines = call(&server.url, &[&options[..], &to].concat()).await;
            let failures = call(
                &server.url,
                &[&["--tool", "fail", "--revision", revision], &to[..]].concat(),
            )
            .await;
            // What the server has not pushed yet, it pushes now.
            let (status, said) = server.stop().await;
            assert!(status.success(), "{said}");
            let spans = receiver.spans();

            assert_eq!(lines.len(), 3, "{mode}, {revision}");
            for client in clients(&spans, &lines, "tools/call whoami") {
                let below: Vec<&Span> = spans
                    .iter()
                    .filter(|span| span.is_child_of(client))
                    .collect();
                let [server] = below.as_slice() else {
                    panic!("{} spans below {client}", below.len())
                };
                assert_eq!(
                    server.to_string(),
                    "tools/call whoami (SERVER of tool-server)"
                );
                assert!(server.links.is_empty());

                let line = lines
                    .iter()
                    .find(|line| line["span_id"] == client.span_id.as_str())
                    .unwrap();
                let seen: Value = serde_json::from_str(id(line, "answer")).unwrap();
                let ids = ["trace_id", "span_id", "parent_id"].map(|key| id(&seen, key).to_owned());
                assert_eq!(
                    ids,
                    [&client.trace_id, &server.span_id, &client.span_id].map(String::clone)
                );
            }

            for client in clients(&spans, &failures, "tools/call fail") {
                let below = spans.iter().filter(|span| span.is_child_of(client));
                for span in below.chain([client]) {
                    assert!(span.is_error(), "{span}");
                    assert_eq!(span.attribute("error.type"), Some("tool_error"));
                }
            }
        }
    }
}

#[tokio::test]
async fn fifty_calls_at_once_are_fifty_pairs() {
    let receiver = Receiver::start().await.unwrap();
    let to = ["--otlp-endpoint", &receiver.url()];
    let server = Server::start("mcp_server", &to).await;
    let options = [
        "--tool",
        "slow",
        "--args",
        r#"{"ms": 50}"#,
        "--calls",
        "50",
        "--concurrency",
        "50",
    ];
    let lines = call(&server.url, &[&options[..], &to].concat()).await;
    let (status, said) = server.stop().await;
    assert!(status.success(), "{said}");

    let spans = receiver.spans();
    let clients = clients(&spans, &lines, "tools/call slow");
    assert_eq!(clients.len(), 50);
    for client in clients {
        let below: Vec<&Span> = spans
            .iter()
            .filter(|span| span.is_child_of(client))
            .collect();
        let [server] = below.as_slice() else {
            panic!("{} spans below {client}", below.len())
        };
        assert_eq!(server.kind, Kind::Server);
        assert!(server.duration().as_millis() >= 50, "{server}");
    }
}

#[tokio::test]
async fn a_server_that_exports_nothing_leaves_the_trace_whole() {
    let receiver = Receiver::start().await.unwrap();
    let to = ["--otlp-endpoint", &receiver.url()];
    let server = Server::start("mcp_server", &["--service", "tool-server"]).await;
    let lines = call(
        &server.url,
        &[&["--tool", "whoami", "--calls", "3"], &to[..]].concat(),
    )
    .await;
    let (status, said) = server.stop().await;
    assert!(status.success(), "{said}");
    assert_eq!(said.matches("WARN").count(), 1, "{said}");
    assert!(said.contains("nothing is exported"), "{said}");

    let spans = receiver.spans();
    assert_eq!(clients(&spans, &lines, "tools/call whoami").len(), 3);
    assert_eq!(spans.len(), 4);
    for line in &lines {
        let seen: Value = serde_json::from_str(id(line, "answer")).unwrap();
        // The handler passes on what came: the client's span.
        assert_eq!(seen["trace_id"], line["trace_id"]);
        assert_eq!(seen["span_id"], line["span_id"]);
    }
}
