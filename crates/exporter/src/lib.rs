//! Push exporter for mcp-trace: OTLP/HTTP and Rastir
