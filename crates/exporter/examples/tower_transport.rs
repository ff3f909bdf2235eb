//! Requests through a Tower stack of one's own: here a token that is read anew for every
//! request, and a limit on requests per second, on hyper's client.
//!
//! ```console
//! TOKEN_FILE=/run/token cargo run --example tower_transport -- http://localhost:4318
//! ```

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mcp_trace::agent_span;
use mcp_trace_exporter::configure;
use tower::ServiceBuilder;

fn authorized(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let file = std::env::var("TOKEN_FILE").unwrap_or_default();
    let token = std::fs::read_to_string(file).unwrap_or_default();
    if let Ok(value) = HeaderValue::try_from(format!("Bearer {}", token.trim())) {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    request
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:4318".to_owned());
    let guard = configure()
        .service("tower-transport")
        .otlp_endpoint(url)
        .transport(|| {
            ServiceBuilder::new()
                .rate_limit(10, Duration::from_secs(1))
                .map_request(authorized)
                .service(Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>())
        })
        .install()?;
    agent_span("planner").start().end();
    let report = guard.shutdown_blocking(Duration::from_secs(5));
    println!("{:#?}", report.stats.destinations[0]);
    Ok(())
}
