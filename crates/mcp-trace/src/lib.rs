//! Distributed tracing for MCP: context, spans, sinks
