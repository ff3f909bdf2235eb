//! The tool server: rmcp under axum, and a weather service on the web that its tools ask.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use axum::serve::{Listener, ListenerExt};
use http::StatusCode;
use mcp_client_layer::{McpClientTrace, McpClientTraceLayer};
use mcp_layer::McpServerTraceLayer;
use mcp_trace::SpanSink;
use mcp_trace_rmcp::TracedHandler;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, schemars, tool, tool_router};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};

use crate::plan::{FORECAST_TAKES, Link};

/// Starts the server on a free loopback port; the URL of its MCP endpoint. It runs until the
/// runtime ends.
pub(crate) async fn start(spans: Arc<dyn SpanSink>, broken: Option<Link>) -> io::Result<String> {
    // Event streams are small writes, which TCP would hold back for 40 ms.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await?
        .tap_io(|io| drop(io.set_nodelay(true)));
    let url = format!("http://{}", listener.local_addr()?);

    // What tools send to other services is traced as well: the layer goes around reqwest.
    let web = McpClientTraceLayer::new()
        .with_sink(spans.clone())
        .layer(reqwest::Client::new());
    let tools = WeatherTools {
        web,
        weather_service: format!("{url}/weather"),
    };

    // rmcp runs each tool in a task of its own. `TracedHandler` takes the trace there.
    let mcp = if broken == Some(Link::Handler) {
        endpoint(tools)
    } else {
        endpoint(TracedHandler::new(tools))
    };

    let app = mcp
        .layer(McpServerTraceLayer::new().with_sink(spans))
        .route("/weather/{city}", get(weather));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("{url}/mcp"))
}

fn endpoint<H: ServerHandler + Clone>(handler: H) -> Router {
    let mcp = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::<LocalSessionManager>::default(),
        StreamableHttpServerConfig::default().with_json_response(true),
    );
    Router::new().nest_service("/mcp", mcp)
}

#[derive(Clone)]
struct WeatherTools {
    web: McpClientTrace<reqwest::Client>,
    weather_service: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct City {
    city: String,
}

#[tool_router(server_handler)]
impl WeatherTools {
    #[tool(description = "The weather in a city, as the weather service has it")]
    async fn get_weather(&self, Parameters(City { city }): Parameters<City>) -> CallToolResult {
        match self.ask(&city).await {
            Ok(weather) => CallToolResult::success(vec![ContentBlock::text(weather)]),
            Err(problem) => CallToolResult::error(vec![ContentBlock::text(problem)]),
        }
    }

    #[tool(description = "The weather in a city tomorrow, by experience")]
    async fn get_forecast(&self, Parameters(City { city }): Parameters<City>) -> String {
        tokio::time::sleep(FORECAST_TAKES).await;
        format!("{city}: much the same as today")
    }

    #[tool(description = "Where this tool runs, as it sees it")]
    async fn whoami(&self) -> String {
        match mcp_trace::current() {
            Some(here) => format!("span {} of trace {}", here.span_id(), here.trace_id()),
            None => "in no trace".to_owned(),
        }
    }
}

impl WeatherTools {
    async fn ask(&self, city: &str) -> Result<String, String> {
        let url = format!("{}/{city}", self.weather_service);
        let request = reqwest::Request::new(
            reqwest::Method::GET,
            url.parse().map_err(|_| format!("no city: {city}"))?,
        );
        let answer = self.web.clone().oneshot(request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let found = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if found { Ok(text) } else { Err(text) }
    }
}

/// The weather service: not MCP, not traced, and a little slow.
async fn weather(Path(city): Path<String>) -> (StatusCode, String) {
    let (delay, degrees) = match city.as_str() {
        "Tokyo" => (40, 22),
        "Oslo" => (25, 4),
        "Lima" => (30, 19),
        _ => {
            return (
                StatusCode::NOT_FOUND,
                format!("no weather station in {city}"),
            );
        }
    };
    tokio::time::sleep(Duration::from_millis(delay)).await;
    (StatusCode::OK, format!("{city}: {degrees} °C"))
}
