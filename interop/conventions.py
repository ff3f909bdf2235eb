"""Our spans against the OpenTelemetry semantic conventions for MCP, over OTLP."""

from checks import has, require
from spans import CLIENT, SERVER, Span

VERSIONS = {"legacy": "2025-11-25", "2026-07-28": "2026-07-28"}
"""The `mcp.protocol.version` that a client of each revision ends on."""

SAMPLED, RANDOM, HAS_IS_REMOTE, IS_REMOTE = 0x001, 0x002, 0x100, 0x200
"""Bits of an OTLP span's `flags`: the low byte is that of the traceparent."""


def is_tool_call_span(span: Span, tool: str, revision: str) -> None:
    """Name, attributes and status of a `tools/call` span, on either side."""
    require(span.kind in (CLIENT, SERVER), f"kind: {span}")
    failed = tool == "fail"
    has(span, name=f"tools/call {tool}", status="ERROR" if failed else "UNSET")
    expected = {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": tool,
        "gen_ai.operation.name": "execute_tool",
        "mcp.protocol.version": VERSIONS[revision],
        "network.transport": "tcp",
        "network.protocol.name": "http",
        "error.type": "tool_error" if failed else None,
    }
    has(span, attributes=expected)
    request_id = span.attributes.get("jsonrpc.request.id")
    require(isinstance(request_id, str), f"jsonrpc.request.id is {request_id!r}: {span}")
    require("jsonrpc.protocol.version" not in span.attributes, "2.0 is not to be recorded")


def is_server_span(
    span: Span, parent: Span, tool: str, revision: str, sent: int = SAMPLED | RANDOM
) -> None:
    """A SERVER span of ours under a CLIENT span of another process, which sent these flags."""
    is_tool_call_span(span, tool, revision)
    has(span, kind=SERVER, service="tool-server", parent_id=parent.span_id)
    remote = HAS_IS_REMOTE | IS_REMOTE
    require(span.flags & remote == remote, f"the parent is remote, flags {span.flags:#x}: {span}")
    require(span.flags & 0xFF == sent, f"sent was {sent:02x}, flags {span.flags:#x}: {span}")


def is_client_span(span: Span, parent: Span, tool: str, revision: str) -> None:
    """A CLIENT span of ours under our agent."""
    is_tool_call_span(span, tool, revision)
    has(span, kind=CLIENT, service="my-agent", parent_id=parent.span_id)
    has(span, attributes={"server.address": "127.0.0.1"})
