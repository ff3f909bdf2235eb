"""Over OTLP, into a receiver of the official classes."""

from functools import partial

from arms.rastir import MODES, REVISIONS, TOKYO, answers_are_right, by_trace
from checks import calls_pair_up, has, is_one_trace, only, require, server_calls
from conventions import is_client_span, is_server_span
from lab import Arm, Lab
from spans import AGENT, CLIENT, SERVER

PROTOBUF, JSON = "application/x-protobuf", "application/json"

ENCODINGS = {
    "protobuf": ({}, PROTOBUF, "identity"),
    "json": ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, JSON, "identity"),
    "gzip": ({"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, PROTOBUF, "gzip"),
}
"""What each encoding takes in the environment, and how its requests then look."""


def rust_to_rust(lab: Lab, encoding: str) -> None:
    """Both our programs, in each encoding that OTLP/HTTP has."""
    env, content_type, content_encoding = ENCODINGS[encoding]
    receiver = lab.otlp()
    url, _ = our_server(lab, receiver, "stateful", env=env)

    def check(lines, spans, tool):
        root = is_one_trace(spans)
        has(root, kind=AGENT, service="my-agent")
        for client, server in calls_pair_up(spans, len(lines)):
            is_client_span(client, root, tool, "legacy")
            is_server_span(server, client, tool, "legacy")

    for tool, given, calls in [("get_weather", TOKYO, 3), ("fail", "{}", 1)]:
        lines = our_client(lab, receiver, url, "legacy", tool, given, calls, env)
        for trace_id, members in by_trace(lines).items():
            lab.arrived(receiver, trace_id, partial(check, members, tool=tool))
    for service in ("my-agent", "tool-server"):
        sent = {seen[1:] for seen in receiver.seen if seen[0] == service}
        require(sent == {(content_type, content_encoding)}, f"{service} sent {sent}")
    all_was_legal(receiver)


def rust_to_fastmcp(lab: Lab, mode: str, revision: str) -> None:
    """FastMCP reads `_meta` and makes its own SERVER span."""
    receiver = lab.otlp()
    url, _ = lab.python_server(
        "fastmcp_server", "--tracing", "otel", "--collector", receiver.url, "--mode", mode
    )

    def check(lines, spans, tool):
        root = is_one_trace(spans)
        for ours, theirs in calls_pair_up(spans, len(lines)):
            is_client_span(ours, root, tool, revision)
            has(theirs, name=f"tools/call {tool}", service="tool-server", parent_id=ours.span_id)
            has(theirs, status="ERROR" if tool == "fail" else "UNSET")

    for tool, given, calls in [("get_weather", TOKYO, 3), ("fail", "{}", 1)]:
        lines = our_client(lab, receiver, url, revision, tool, given, calls)
        for trace_id, members in by_trace(lines).items():
            lab.arrived(receiver, trace_id, partial(check, members, tool=tool))
    all_was_legal(receiver)


def python_to_rust(
    lab: Lab, script: str, mode: str, revision: str, options: tuple = (), venv: str = "peers"
) -> None:
    """A client with the OpenTelemetry SDK, whose context is in `_meta`."""
    receiver = lab.otlp()
    url, _ = our_server(lab, receiver, mode)
    lines = lab.python_client(
        script, "--url", url, "--collector", receiver.url, *options, venv=venv
    )
    answers_are_right(lines)
    # A client that also writes another context into the header says which.
    links = {_ids(line["header"]) for line in lines if "header" in line}

    def check(spans):
        is_one_trace(spans)
        servers = server_calls(spans)
        require(len(servers) == len(lines), f"{len(servers)} SERVER spans of {len(lines)} calls")
        names = sorted(server.attributes.get("gen_ai.tool.name", "") for server in servers)
        require(names == sorted(line["tool"] for line in lines), f"tools {names}")
        for server in servers:
            parent = only([span for span in spans if server.is_child_of(span)], "its parent")
            is_server_span(server, parent, server.attributes["gen_ai.tool.name"], revision)
            require(set(server.links) == links, f"links {server.links}, not {links}: {server}")
        for server in (span for span in spans if span.kind == SERVER):
            parent = only([span for span in spans if server.is_child_of(span)], "its parent")
            has(parent, kind=CLIENT)
            method = server.attributes["mcp.method.name"]
            has(parent, attributes={"mcp.method.name": method})

    lab.arrived(receiver, lines[0]["trace_id"], check)
    all_was_legal(receiver)


def our_server(lab: Lab, receiver, mode: str, env: dict[str, str] | None = None):
    """`mcp_server`, exporting to the receiver."""
    options = ("--service", "tool-server", "--otlp-endpoint", receiver.url, "--mode", mode)
    return lab.rust_server(*options, env=env)


def our_client(
    lab: Lab,
    receiver,
    url: str,
    revision: str,
    tool: str,
    given: str,
    calls: int,
    env: dict[str, str] | None = None,
) -> list[dict]:
    """The lines of `mcp_client`, exporting to the receiver."""
    options = ("--service", "my-agent", "--otlp-endpoint", receiver.url, "--revision", revision)
    more = ("--args", given, "--calls", str(calls), "--concurrency", str(calls))
    lines = lab.rust_client(url, tool, *options, *more, env=env)
    require(len(lines) == calls, f"{len(lines)} lines for {calls} calls")
    return lines


def all_was_legal(receiver) -> None:
    """Nothing that was sent broke the protocol."""
    require(not receiver.problems, f"the receiver refused: {receiver.problems}")


def _ids(traceparent: str) -> tuple[str, str]:
    _, trace_id, span_id, _ = traceparent.split("-")
    return trace_id, span_id


ARMS = [
    *[
        Arm(
            f"otlp/{encoding}",
            "mcp_client > mcp_server stateful",
            "both",
            f"OTLP {encoding}",
            partial(rust_to_rust, encoding=encoding),
        )
        for encoding in ENCODINGS
    ],
    *[
        Arm(
            f"python-mcp/{mode}/{revision}",
            f"Python mcp + OTel > mcp_server {mode}",
            "_meta",
            "OTLP",
            partial(
                python_to_rust,
                script="mcp_client",
                mode=mode,
                revision=revision,
                options=("--revision", revision),
            ),
        )
        for mode in MODES
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"fastmcp/client/{mode}",
            f"FastMCP client + OTel > mcp_server {mode}",
            "_meta",
            "OTLP",
            partial(python_to_rust, script="fastmcp_client", mode=mode, revision="2026-07-28"),
        )
        for mode in MODES
    ],
    *[
        Arm(
            f"fastmcp/server/{mode}/{revision}",
            f"mcp_client > FastMCP + OTel {mode}",
            "both",
            "OTLP",
            partial(rust_to_fastmcp, mode=mode, revision=revision),
        )
        for mode in ["session", "stateless"]
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"llamaindex/{mode}",
            f"LlamaIndex + OTel + Rastir > mcp_server {mode}",
            "_meta, other header",
            "OTLP",
            partial(
                python_to_rust,
                script="llamaindex_client",
                mode=mode,
                revision="legacy",
                venv="llamaindex",
            ),
            needs=("venv:peers", "venv:llamaindex"),
        )
        for mode in MODES
    ],
]
