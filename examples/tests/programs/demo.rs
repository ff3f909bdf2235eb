//! The demo checks itself; here is checked that it does.

use std::process::Output;

use axum::Router;
use axum::routing::post;
use http::StatusCode;
use tokio::net::TcpListener;

use crate::program::{example, output, text};
use mcp_trace_examples::Receiver;

async fn demo(options: &[&str]) -> Output {
    let mut demo = example("demo");
    demo.args(options);
    output(demo).await
}

#[tokio::test]
async fn it_shows_one_trace() {
    for options in [&[][..], &["--current-thread"]] {
        let demo = demo(options).await;
        let said = text(&demo.stdout);
        assert!(
            demo.status.success(),
            "{options:?}: {said}{}",
            text(&demo.stderr)
        );
        assert_eq!(said.matches("\ntrace ").count(), 1, "{said}");
        assert!(
            said.contains("One trace, every hand-over in place."),
            "{said}"
        );
        assert_eq!(text(&demo.stderr), "");
    }
}

#[tokio::test]
async fn it_says_which_link_is_missing() {
    for (link, named) in [
        ("header", "missing link: the `traceparent` header."),
        ("meta", "missing link: `params._meta`."),
        ("handler", "missing link: `TracedHandler`."),
    ] {
        for runtime in [&[][..], &["--current-thread"]] {
            let demo = demo(&[&["--break", link], runtime].concat()).await;
            let said = text(&demo.stdout);
            assert_eq!(demo.status.code(), Some(1), "{link}: {said}");
            assert_eq!(said.matches("missing link: ").count(), 1, "{link}: {said}");
            assert!(said.contains(named), "{link}: {said}");
        }
    }
}

#[tokio::test]
async fn it_pushes_to_another_receiver() {
    let receiver = Receiver::start().await.unwrap();
    let demo = demo(&["--otlp-endpoint", &receiver.url()]).await;
    let said = text(&demo.stdout);
    assert!(demo.status.success(), "{said}{}", text(&demo.stderr));
    let spans = receiver.spans();
    assert_eq!(spans.len(), 21);
    assert!(
        said.contains(&format!("The trace is {}.", spans[0].trace_id)),
        "{said}"
    );
    assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
}

#[tokio::test]
async fn it_says_where_a_viewer_shows_the_trace() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let take = post(async || StatusCode::ACCEPTED);
    let viewer = Router::new().route("/v1/telemetry", take);
    tokio::spawn(async move { axum::serve(listener, viewer).await });
    // A slash too many makes no difference.
    let demo = demo(&["--push-url", &format!("{url}/")]).await;
    let said = text(&demo.stdout);
    assert!(demo.status.success(), "{said}{}", text(&demo.stderr));
    let (_, trace_id) = said.split_once("The trace is ").unwrap();
    let trace_id = &trace_id[..32];
    assert!(
        said.ends_with(&format!("\n{url}/#/trace/{trace_id}\n")),
        "{said}"
    );
}
