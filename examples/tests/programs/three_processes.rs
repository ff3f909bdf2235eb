//! `mcp_client` calls `mcp_server`, which calls another `mcp_server`: three programs, one tree.

use crate::program::{Server, example, output, text};
use mcp_trace_examples::{Receiver, Span};
use serde_json::Value;

/// The only span below `parent`.
fn below<'s>(spans: &'s [Span], parent: &Span) -> &'s Span {
    let children: Vec<&Span> = spans.iter().filter(|s| s.is_child_of(parent)).collect();
    let [child] = children.as_slice() else {
        panic!("{} spans below {parent} in {spans:#?}", children.len())
    };
    child
}

#[tokio::test]
async fn agent_first_and_second_server_are_one_tree() {
    for mode in ["stateful", "stateless", "json"] {
        for revision in ["legacy", "2026-07-28"] {
            let receiver = Receiver::start().await.unwrap();
            let to = receiver.url();
            let named = |service| ["--service", service, "--mode", mode, "--otlp-endpoint", &to];
            let second = Server::start("mcp_server", &named("second-server")).await;
            let next = ["--next", &second.url];
            let first = [&named("first-server")[..], &next].concat();
            let first = Server::start("mcp_server", &first).await;

            let mut client = example("mcp_client");
            client
                .args(["--url", &first.url, "--service", "my-agent"])
                .args(["--tool", "ask_next", "--args", r#"{"tool": "whoami"}"#])
                .args(["--revision", revision, "--otlp-endpoint", &to]);
            let client = output(client).await;
            let said = text(&client.stdout) + &text(&client.stderr);
            assert!(client.status.success(), "{said}");
            // What the servers have not pushed yet, they push now.
            for server in [first, second] {
                let (status, said) = server.stop().await;
                assert!(status.success(), "{said}");
            }

            let line: Value = serde_json::from_slice(&client.stdout).expect("a line is JSON");
            let trace = line["trace_id"].as_str().expect("it is traced");
            let spans = receiver.spans();
            let tree: Vec<Span> = spans.into_iter().filter(|s| s.trace_id == trace).collect();
            assert_eq!(tree.len(), 5, "{tree:#?}");
            let root = tree.iter().find(|span| span.parent_id.is_none());
            let mut span = root.expect("one has no parent");
            assert_eq!(
                span.to_string(),
                "invoke_agent my-agent (INTERNAL of my-agent)"
            );
            for expected in [
                "tools/call ask_next (CLIENT of my-agent)",
                "tools/call ask_next (SERVER of first-server)",
                "tools/call whoami (CLIENT of first-server)",
                "tools/call whoami (SERVER of second-server)",
            ] {
                span = below(&tree, span);
                assert_eq!(span.to_string(), expected, "{mode}, {revision}");
                assert!(span.links.is_empty(), "{span}");
            }

            // What the second server's tool saw is the last span of the chain.
            let seen = line["answer"].as_str().expect("it answers");
            let seen: Value = serde_json::from_str(seen).expect("it answers JSON");
            assert_eq!(seen["trace_id"], trace);
            assert_eq!(seen["span_id"], span.span_id.as_str());
        }
    }
}
