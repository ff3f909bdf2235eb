//! The page at `/`.

/// The page, whole: it loads nothing.
pub(crate) fn html() -> &'static str {
    "<!doctype html><meta charset=\"utf-8\"><title>mcp-trace</title><p>mcp-trace"
}
