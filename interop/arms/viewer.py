"""Our viewer in the place of a collector: senders that are not ours push to it, unmodified."""

from functools import partial

from arms.rastir import answers_are_right
from checks import calls_pair_up, has, is_one_trace, require, server_calls
from conventions import is_server_span
from lab import TRAVEL, Arm, Lab
from processes import eventually
from spans import AGENT


def rastir(lab: Lab) -> None:
    """Rastir's client pushes, and what reads a Rastir collector reads the viewer."""
    viewer = lab.viewer
    before = _counted(viewer)
    url, _ = lab.rust_server("--service", "tool-server", "--push-url", viewer.url)
    calls = lab.python_client(
        "rastir_wrap_mcp_client", "--url", url, "--collector", viewer.url, "--revision", "legacy"
    )
    answers_are_right(calls)
    trace_id = calls[0]["trace_id"]

    def check(spans, agent, server):
        has(is_one_trace(spans), name="weather_agent", service="my-agent", kind=agent)
        pairs = calls_pair_up(spans, len(calls))
        require({c.name for c, _ in pairs} == {"get_weather", "fail"}, "names of CLIENT spans")
        for client, called in pairs:
            has(called, name=server.format(client.name), service="tool-server")
            has(called, status="ERROR" if client.name == "fail" else "OK")
            require(len(client.span_id) == 16, f"an id of {len(client.span_id)} digits: {client}")

    lab.arrived(viewer, trace_id, partial(check, agent=AGENT, server="mcpserver:{}"))
    lab.arrived(viewer.as_rastir, trace_id, partial(check, agent=AGENT, server="mcpserver:{}"))
    after = tuple(count + 2 for count in before)
    eventually(lambda: _counted(viewer) == after, TRAVEL)
    require(_counted(viewer) == after, f"metrics went from {before} to {_counted(viewer)}")
    _nothing_was_refused(viewer)


def otel(lab: Lab) -> None:
    """The OpenTelemetry SDK for Python exports, protobuf over HTTP."""
    viewer = lab.viewer
    url, _ = lab.rust_server("--service", "tool-server", "--otlp-endpoint", viewer.url)
    calls = lab.python_client(
        "mcp_client", "--url", url, "--collector", viewer.url, "--revision", "legacy"
    )
    answers_are_right(calls)

    def check(spans):
        has(is_one_trace(spans), name="weather_agent", service="my-agent", kind=AGENT)
        servers = server_calls(spans)
        require(len(servers) == len(calls), f"{len(servers)} SERVER spans of {len(calls)} calls")
        for server in servers:
            (parent,) = (span for span in spans if server.is_child_of(span))
            is_server_span(server, parent, server.attributes["gen_ai.tool.name"], "legacy")

    lab.arrived(viewer, calls[0]["trace_id"], check)
    _nothing_was_refused(viewer)


def _counted(viewer) -> tuple[float, float]:
    calls, count = "rastir_tool_calls_total", viewer.as_rastir.counter
    return (
        count(calls, service="my-agent", tool_name="get_weather"),
        count(calls, service="tool-server", tool_name="mcpserver:get_weather"),
    )


def _nothing_was_refused(viewer) -> None:
    require(viewer.rejected() == {"requests": 0, "spans": 0}, f"rejected: {viewer.rejected()}")


NEEDS = ("venv:peers", "viewer")

ARMS = [
    Arm("viewer/rastir", "Rastir wrap_mcp > mcp_server", "header", "our viewer", rastir, NEEDS),
    Arm("viewer/otel", "Python mcp + OTel > mcp_server", "_meta", "our viewer", otel, NEEDS),
]
