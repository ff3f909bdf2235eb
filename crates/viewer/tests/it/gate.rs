//! Who may ask.

use mcp_trace_viewer::{ServeError, Viewer};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Running, TRACE, request, span};

const PATHS: [&str; 8] = [
    "/api/traces",
    "/api/traces/4bf92f3577b34da6a3ce929d0e0e4736",
    "/api/tools",
    "/api/live",
    "/api/status",
    "/v1/traces",
    "/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736",
    "/metrics",
];

#[tokio::test]
async fn a_token_is_asked_for() {
    let viewer = Running::with(Viewer::new().token("secret")).await;
    for path in PATHS {
        for (name, value) in [
            ("x", ""),
            ("authorization", "Bearer wrong"),
            ("x-api-key", "secre"),
        ] {
            let answer = viewer.get(path).header(name, value).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        }
    }
    let body = request(&[span(TRACE, 1, None, 0)]);
    let refused = viewer.post("/v1/traces").json(&body).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused = viewer
        .post("/v1/telemetry")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let taken = viewer.post("/v1/traces").bearer_auth("secret").json(&body);
    assert_eq!(taken.send().await.unwrap().status(), StatusCode::OK);
    for path in PATHS {
        let answer = viewer
            .get(path)
            .header("X-API-Key", "secret")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    // What holds no data is open.
    for path in ["/", "/health", "/ready"] {
        assert_eq!(
            viewer.get(path).send().await.unwrap().status(),
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn other_addresses_need_a_token() {
    for viewer in [Viewer::new(), Viewer::new().token("")] {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let served = viewer.serve(listener, std::future::pending()).await;
        assert!(matches!(served, Err(ServeError::NoToken)), "{served:?}");
    }
}

#[tokio::test]
async fn web_pages_of_others_get_nothing() {
    let viewer = Running::start().await;
    let own = viewer.url.clone();
    for (header, value, status) in [
        ("host", "evil.example:8080", 403),
        ("host", "localhost:1", 200),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", own.as_str(), 200),
    ] {
        for path in ["/", "/api/traces"] {
            let answer = viewer.get(path).header(header, value).send().await.unwrap();
            assert_eq!(answer.status(), status, "{header}: {value}");
            assert!(
                answer
                    .headers()
                    .get("access-control-allow-origin")
                    .is_none()
            );
        }
        if header == "origin" && status == 403 {
            let body = request(&[span(TRACE, 1, None, 0)]).to_string();
            let post = viewer
                .post("/v1/telemetry")
                .header(header, value)
                .body(body);
            assert_eq!(post.send().await.unwrap().status(), status);
        }
    }
}

#[tokio::test]
async fn who_names_no_host_gets_nothing() {
    let viewer = Running::start().await;
    let address = viewer.url.strip_prefix("http://").unwrap();
    for (head, status) in [
        ("GET /api/traces HTTP/1.0\r\n\r\n", "403"),
        (
            "GET /api/traces HTTP/1.1\r\nconnection: close\r\n\r\n",
            "403",
        ),
        ("GET /api/traces HTTP/1.0\r\nhost: \r\n\r\n", "403"),
        ("GET /api/traces HTTP/1.0\r\nhost: \u{e4}\r\n\r\n", "403"),
        ("GET /api/traces HTTP/1.0\r\nhost: localhost\r\n\r\n", "200"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{head:?}");
    }
}

#[tokio::test]
async fn the_page_is_strict() {
    let viewer = Running::start().await;
    let page = viewer.get("/").send().await.unwrap();
    let headers = page.headers();
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    let answer = viewer.get("/api/status").send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["content-type"], "application/json");
}
