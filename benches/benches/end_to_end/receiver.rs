//! An OTLP receiver that reads and forgets.

use axum::{Router, body::Bytes, routing::post};
use tokio::net::TcpListener;

/// Its URL; it serves whenever the runtime runs.
pub(crate) async fn start() -> String {
    let app = Router::new()
        .route("/v1/traces", post(async |body: Bytes| drop(body)))
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}
