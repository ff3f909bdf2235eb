//! rmcp adapters for mcp-trace: handlers, peers and HTTP clients
