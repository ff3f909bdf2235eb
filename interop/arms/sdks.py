"""Our programs with the SDKs of TypeScript and Rust, which make no spans of their own over HTTP.

An application traces them with OpenTelemetry: a span of each HTTP request, by the header, and where
it wants one, a span of each call, by `_meta`.
"""

from functools import partial

from arms.otel import all_was_legal, our_client, our_server
from arms.rastir import MODES, REVISIONS, TOKYO, answers_are_right, by_trace
from checks import calls_pair_up, client_calls, has, is_one_trace, only, require, server_calls
from conventions import SAMPLED, is_client_span, is_server_span
from lab import Arm, Lab
from spans import CLIENT, SERVER, Span


def typescript_to_rust(lab: Lab, mode: str, revision: str, meta: bool, sdk: str = "2") -> None:
    """Every request is below its HTTP span, or linked to it where `_meta` names another."""
    receiver = lab.otlp()
    url, _ = our_server(lab, receiver, mode)
    lines = lab.node_client(
        "typescript_client",
        *("--url", url, "--collector", receiver.url, "--revision", revision),
        *("--meta", "yes" if meta else "no", "--sdk", sdk),
    )
    answers_are_right(lines)

    def check(spans):
        is_one_trace(spans)
        posts = [span for span in spans if _is_http(span) and span.name == "POST"]
        servers = [span for span in spans if span.kind == SERVER]
        require(len(posts) == len(servers), f"{len(servers)} SERVER spans of {len(posts)} POSTs")
        for post in posts:
            has(post, kind=CLIENT, service="my-agent")
            named = (post.trace_id, post.span_id)
            below = [s for s in servers if s.is_child_of(post) or s.links == [named]]
            only(below, f"below or beside {post}")
        calls = server_calls(spans)
        names = sorted(call.attributes.get("gen_ai.tool.name", "") for call in calls)
        require(names == sorted(line["tool"] for line in lines), f"tools {names}")
        for call in calls:
            parent = only([span for span in spans if call.is_child_of(span)], "its parent")
            tool = call.attributes["gen_ai.tool.name"]
            # OpenTelemetry's SDK for JavaScript says nothing of how random its ids are.
            is_server_span(call, parent, tool, revision, sent=SAMPLED)
            has(parent, kind=CLIENT, name=f"tools/call {tool}" if meta else "POST")
            require(len(call.links) == meta, f"{len(call.links)} links: {call}")
        made = [span for span in client_calls(spans) if not _is_http(span)]
        require(len(made) == (len(lines) if meta else 0), f"{len(made)} CLIENT spans of calls")

    lab.arrived(receiver, lines[0]["trace_id"], check)
    all_was_legal(receiver)


def rust_to_server(lab: Lab, start, revision: str) -> None:
    """Below our CLIENT span are the span of the call, by `_meta`, and that of HTTP, by the header."""
    receiver = lab.otlp()
    url, _ = start(lab, "--collector", receiver.url)

    def check(lines, spans, tool):
        root = is_one_trace(spans)
        https = [span for span in spans if _is_http(span)]
        rest = [span for span in spans if not _is_http(span)]
        for ours, theirs in calls_pair_up(rest, len(lines)):
            is_client_span(ours, root, tool, revision)
            status = "ERROR" if tool == "fail" else "UNSET"
            has(theirs, name=f"tools/call {tool}", service="tool-server", status=status)
            has(theirs, parent_id=ours.span_id)
            http = only([span for span in https if span.is_child_of(ours)], "HTTP span")
            has(http, kind=SERVER, service="tool-server")
        require(len(spans) == 1 + 3 * len(lines), f"{len(spans)} spans")

    for tool, given, calls in [("get_weather", TOKYO, 3), ("fail", "{}", 1)]:
        lines = our_client(lab, receiver, url, revision, tool, given, calls)
        for trace_id, members in by_trace(lines).items():
            lab.arrived(receiver, trace_id, partial(check, members, tool=tool))
    all_was_legal(receiver)


def _is_http(span: Span) -> bool:
    return "http.request.method" in span.attributes


def _typescript_server(lab: Lab, *options: str, mode: str):
    return lab.node_server("typescript_server", "--mode", mode, *options)


def _rmcp_server(lab: Lab, *options: str, mode: str):
    return lab.crate_server("rmcp_server", "--mode", mode, *options)


def _tower_mcp_server(lab: Lab, *options: str):
    return lab.crate_server("tower_mcp_server", *options)


ARMS = [
    *[
        Arm(
            f"typescript/client/{mode}/{revision}",
            f"TypeScript SDK + OTel fetch > mcp_server {mode}",
            "header",
            "OTLP",
            partial(typescript_to_rust, mode=mode, revision=revision, meta=False),
            needs=("venv:peers", "node"),
        )
        for mode in MODES
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"typescript/client-1/{mode}",
            f"TypeScript SDK 1 + OTel fetch > mcp_server {mode}",
            "header",
            "OTLP",
            partial(typescript_to_rust, mode=mode, revision="legacy", meta=False, sdk="1"),
            needs=("venv:peers", "node"),
        )
        for mode in MODES
    ],
    *[
        Arm(
            f"typescript/client-meta/{revision}",
            "TypeScript SDK + OTel fetch and call > mcp_server stateful",
            "_meta, other header",
            "OTLP",
            partial(typescript_to_rust, mode="stateful", revision=revision, meta=True),
            needs=("venv:peers", "node"),
        )
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"typescript/server/{mode}/{revision}",
            f"mcp_client > TypeScript SDK + OTel {mode}",
            "both",
            "OTLP",
            partial(
                rust_to_server, start=partial(_typescript_server, mode=mode), revision=revision
            ),
            needs=("venv:peers", "node"),
        )
        for mode, revision in [
            ("session", "legacy"),
            ("stateless", "legacy"),
            ("stateless", "2026-07-28"),
        ]
    ],
    *[
        Arm(
            f"rmcp/server/{mode}/{revision}",
            f"mcp_client > rmcp + OTel {mode}",
            "both",
            "OTLP",
            partial(rust_to_server, start=partial(_rmcp_server, mode=mode), revision=revision),
            needs=("venv:peers", "crates"),
        )
        for mode in MODES
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"tower-mcp/server/{revision}",
            "mcp_client > tower-mcp + OTel",
            "both",
            "OTLP",
            partial(rust_to_server, start=_tower_mcp_server, revision=revision),
            needs=("venv:peers", "crates"),
        )
        for revision in REVISIONS
    ],
]
