//! Reads and edits JSON-RPC messages of MCP without building a tree
