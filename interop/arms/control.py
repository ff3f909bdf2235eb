"""Peers among themselves, without us: if these fail, the setup is broken and not our code."""

from checks import calls_pair_up, client_calls, has, is_one_trace, only, require, server_calls
from lab import Arm, Lab
from spans import AGENT


def wrap_mcp_to_fastmcp(lab: Lab) -> None:
    """Rastir on both sides, over its own collector."""
    url, _ = lab.python_server(
        "fastmcp_server", "--tracing", "rastir", "--collector", lab.rastir.url
    )
    calls = lab.python_client("rastir_wrap_mcp_client", "--url", url, "--collector", lab.rastir.url)

    def check(spans):
        root = is_one_trace(spans)
        has(root, name="weather_agent", kind=AGENT)
        pairs = calls_pair_up(spans, len(calls))
        for client, server in pairs:
            has(server, name=f"mcpserver:{client.name}")
        failed = only([server for client, server in pairs if client.name == "fail"], "fail")
        has(failed, status="ERROR")
        require(len(spans) == 1 + 2 * len(calls), f"{len(spans)} spans")

    lab.arrived(lab.rastir, calls[0]["trace_id"], check)


def sdk_to_fastmcp(lab: Lab) -> None:
    """OpenTelemetry on both sides, over the receiver."""
    receiver = lab.otlp()
    url, _ = lab.python_server("fastmcp_server", "--tracing", "otel", "--collector", receiver.url)
    calls = lab.python_client("mcp_client", "--url", url, "--collector", receiver.url)

    def check(spans):
        is_one_trace(spans)
        require(len(client_calls(spans)) == len(calls), "a CLIENT span is missing")
        require(len(server_calls(spans)) == len(calls), "a SERVER span is missing")

    lab.arrived(receiver, calls[0]["trace_id"], check)
    require(not receiver.problems, f"the receiver refused: {receiver.problems}")


ARMS = [
    Arm(
        "control/rastir",
        "Rastir wrap_mcp > FastMCP + Rastir",
        "header",
        "Rastir",
        wrap_mcp_to_fastmcp,
    ),
    Arm("control/otel", "Python mcp > FastMCP, both OTel", "_meta", "OTLP", sdk_to_fastmcp),
]
