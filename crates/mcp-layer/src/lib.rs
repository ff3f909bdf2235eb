//! Tower layer that traces MCP servers
