//! Servers that call themselves.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use crate::program::{example, output, text};

/// What it printed, once it has ended well.
async fn said(name: &str) -> String {
    let output = output(example(name)).await;
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", text(&output.stderr));
    said
}

#[tokio::test]
async fn axum_server_adds_to_its_span() {
    let said = said("axum_server").await;
    let server = line(&said, "Server tools/call get_weather: trace ");
    let (trace, rest) = server.split_at(32);
    let span = &rest[", span ".len()..][..16];
    let passed_on = format!(r#""traceparent": "00-{trace}-{span}-"#);
    assert!(said.contains(&passed_on), "{passed_on} in {said}");
    assert!(said.contains("  weather.station: "), "{said}");
    assert!(said.contains("  cache miss after "), "{said}");
}

#[tokio::test]
async fn hyper_server_speaks_both_versions() {
    let said = said("hyper_server").await;
    assert_eq!(said.matches("22 °C and sunny").count(), 2, "{said}");
    assert!(
        said.contains("HTTP/1.1") && said.contains("HTTP/2.0"),
        "{said}"
    );
    let spans = said.matches("Server tools/call get_weather: ").count();
    assert_eq!(spans, 2, "{said}");
}

#[tokio::test]
async fn rmcp_stdio_server_continues_the_trace_in_its_messages() {
    let session = Path::new(env!("CARGO_MANIFEST_DIR")).join("rmcp_stdio_server/session.jsonl");
    let mut program = example("rmcp_stdio_server");
    program.stdin(Stdio::from(File::open(session).unwrap()));
    let output = output(program).await;
    let (answers, spans) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{spans}");
    assert!(answers.contains("22 °C and sunny"), "{answers}");
    let server = line(&spans, "Server tools/call get_weather: ");
    assert!(
        server.starts_with("trace 4bf92f3577b34da6a3ce929d0e0e4736, "),
        "{server}"
    );
    assert!(server.ends_with(", parent 00f067aa0ba902b7"), "{server}");
}

#[tokio::test]
async fn public_server_is_not_led_by_strangers() {
    const TRACE: &str = "trace 4bf92f3577b34da6a3ce929d0e0e4736, ";
    let said = said("public_server").await;
    let after = |heading: &str| {
        let (_, rest) = said.split_once(heading).expect(heading);
        rest.lines().nth(1).expect(heading)
    };
    let (stranger, partner) = (after("a stranger:"), after("a partner:"));
    assert!(
        stranger.starts_with("Server tools/call get_weather: "),
        "{said}"
    );
    assert!(
        !stranger.contains(TRACE) && stranger.ends_with("parent none"),
        "{said}"
    );
    assert!(partner.contains(TRACE), "{said}");
    assert!(partner.ends_with("parent 00f067aa0ba902b7"), "{said}");
    let linked = said.matches("  linked to trace 4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(linked.count(), 2, "{said}");
    let own_tool = after("a tool of its own:");
    assert!(own_tool.starts_with("Server tools/call _OTHER: "), "{said}");
    assert!(said.contains("a ping: 0 spans"), "{said}");
    assert!(said.contains("a large message: 413"), "{said}");
    let allowed = line(&said, "a page may send: ");
    assert!(allowed.contains("traceparent"), "{said}");
}

/// The rest of the line that begins like this.
fn line<'s>(said: &'s str, beginning: &str) -> &'s str {
    let found = said.lines().find_map(|line| line.strip_prefix(beginning));
    found.unwrap_or_else(|| panic!("no {beginning}: {said}"))
}
