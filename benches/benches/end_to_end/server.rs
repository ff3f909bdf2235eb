//! The servers.

use std::{io::Read, sync::Arc, thread};

use axum::{Router, serve::ListenerExt};
use mcp_layer::McpServerTraceLayer;
use mcp_trace_rmcp::TracedHandler;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities,
        ServerConfig,
    },
    service::RequestContext,
    transport::{
        StreamableHttpServerConfig, StreamableHttpService,
        streamable_http_server::session::local::LocalSessionManager,
    },
};
use tracing_subscriber::layer::SubscriberExt;

/// What is around rmcp.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Case {
    Bare,
    Off,
    Unsampled,
    Exported,
    TowerOtel,
}

impl Case {
    pub(crate) const ALL: [Self; 5] = [
        Self::Bare,
        Self::Off,
        Self::Unsampled,
        Self::Exported,
        Self::TowerOtel,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "rmcp alone",
            Self::Off => "ours, no exporter installed",
            Self::Unsampled => "ours, callers that do not sample",
            Self::Exported => "ours, recorded and exported",
            Self::TowerOtel => "tower-otel and opentelemetry-otlp",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        let case = Self::ALL.into_iter().find(|case| case.name() == name);
        case.expect("a case of the table")
    }

    /// Whether the callers of this case set the sampled flag.
    pub(crate) fn is_sampled(self) -> bool {
        self != Self::Unsampled
    }
}

/// Prints its address and serves until its input ends.
pub(crate) fn run(case: Case, receiver: &str) {
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(serve(case, receiver));
}

async fn serve(case: Case, receiver: &str) {
    let exports = matches!(case, Case::Unsampled | Case::Exported);
    let _tracing = exports.then(|| {
        let exporter = mcp_trace_exporter::configure()
            .service("bench")
            .otlp_endpoint(receiver);
        exporter.install().expect("a good configuration")
    });
    let app = match case {
        Case::Bare => mcp(Tool),
        Case::Off | Case::Unsampled | Case::Exported => {
            mcp(TracedHandler::new(Tool)).layer(McpServerTraceLayer::new())
        }
        Case::TowerOtel => mcp(Tool).layer(tower_otel(receiver)),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    let listener = listener.tap_io(|io| drop(io.set_nodelay(true)));
    axum::serve(listener, app).await.expect("a server");
}

fn mcp<H: ServerHandler + Clone>(handler: H) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        // The largest message of the load, and room.
        .with_max_request_body_bytes(16 << 20);
    let service: StreamableHttpService<H, LocalSessionManager> =
        StreamableHttpService::new(move || Ok(handler.clone()), Arc::default(), config);
    Router::new().nest_service("/mcp", service)
}

fn tower_otel(receiver: &str) -> tower_otel::trace::HttpLayer {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{receiver}/v1/traces"))
        .build()
        .expect("an exporter");
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .build();
    let tracer = provider.tracer("bench");
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    opentelemetry::global::set_tracer_provider(provider);
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let filter =
        tracing_subscriber::filter::Targets::new().with_target("tower_otel", tracing::Level::INFO);
    let subscriber = tracing_subscriber::registry().with(layer).with(filter);
    tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    tower_otel::trace::HttpLayer::server(tracing::Level::INFO)
}

#[derive(Clone)]
struct Tool;

impl ServerHandler for Tool {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("22 °C and sunny")]).into())
    }
}
