//! Each client calls its own server, and all spans are of one trace.

use crate::program::{example, output, text};

#[tokio::test]
async fn reqwest_client() {
    check("reqwest_client").await;
}

#[tokio::test]
async fn hyper_util_client() {
    check("hyper_util_client").await;
}

#[tokio::test]
async fn reqwest_middleware_client() {
    check("reqwest_middleware_client").await;
}

#[tokio::test]
async fn rmcp_http_client() {
    check("rmcp_http_client").await;
}

#[tokio::test]
async fn rmcp_stdio_client() {
    check("rmcp_stdio_client").await;
}

/// The agent, its call, and the server's part of it, each below the one before.
async fn check(name: &str) {
    let output = output(example(name)).await;
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("22 °C and sunny"), "{said}");

    let agent = Line::of("Internal invoke_agent weather_agent", &said);
    let call = Line::of("Client tools/call get_weather", &said);
    let tool = Line::of("Server tools/call get_weather", &said);
    assert_eq!(agent.parent, "none", "{said}");
    assert_eq!(call.parent, agent.span, "{said}");
    assert_eq!(tool.parent, call.span, "{said}");
    assert_eq!((call.trace, tool.trace), (agent.trace, agent.trace));
}

struct Line<'s> {
    trace: &'s str,
    span: &'s str,
    parent: &'s str,
}

impl<'s> Line<'s> {
    /// The only line of such a span.
    fn of(span: &str, said: &'s str) -> Self {
        let mut lines = said.lines().filter_map(|line| line.strip_prefix(span));
        let line = lines.next().unwrap_or_else(|| panic!("no {span}: {said}"));
        assert_eq!(lines.next(), None, "{said}");
        let ids: Vec<&str> = line.split([' ', ',', ':']).collect();
        let id = |name| {
            let at = ids.iter().position(|word| *word == name);
            at.and_then(|at| ids.get(at + 1).copied())
                .unwrap_or_else(|| panic!("no {name}: {said}"))
        };
        Self {
            trace: id("trace"),
            span: id("span"),
            parent: id("parent"),
        }
    }
}
