//! What can be moved and shared between threads.

use mcp_trace_viewer::{Limits, ServeError, Span, Viewer};

#[test]
fn everything_can_be_sent_and_shared() {
    fn is<T: Send + Sync + 'static>(_: Option<T>) {}
    is::<Viewer>(None);
    is::<Limits>(None);
    is::<Span>(None);
    is::<ServeError>(None);
    fn is_send<T: Send>(_: T) {}
    is_send(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let served = Viewer::new().serve(listener, std::future::pending()).await;
        served.map_err(std::io::Error::other)
    });
}
