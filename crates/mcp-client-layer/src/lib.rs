//! Tower layer that traces MCP clients
