"""Over the real Rastir collector: our programs with each other and with Rastir's own."""

import json
from collections import defaultdict
from functools import partial

from checks import calls_pair_up, client_calls, has, is_one_trace, require, server_calls
from lab import TRAVEL, Arm, Lab
from processes import eventually
from spans import AGENT, OTHER

MODES = ["stateful", "stateless", "json"]
REVISIONS = ["legacy", "2026-07-28"]
SILENT_CREW = {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false"}
"""CrewAI reports home otherwise."""

TOKYO = json.dumps({"city": "Tokyo"})


def rust_to_rust(lab: Lab, mode: str, revision: str) -> None:
    """Three levels, 16 hex digits, two services, Rastir's names and metrics."""
    counted = partial(_counted, lab)
    before = counted()
    url, _ = _our_server(lab, mode, "--push-url", lab.rastir.url)
    client = partial(_our_client, lab, url, revision)

    weather = client("get_weather", "--args", TOKYO, "--calls", "3", "--concurrency", "3")
    require(len(weather) == 3, f"{len(weather)} lines for 3 calls")
    _each_trace(lab, weather, partial(_is_ours, tool="get_weather", status="OK"))
    _each_trace(lab, client("fail"), partial(_is_ours, tool="fail", status="ERROR"))

    for line in _each_trace(lab, client("whoami"), partial(_is_ours, tool="whoami", status="OK")):
        seen = answer_object(line)
        spans = lab.rastir.spans(line["trace_id"])
        server = server_calls(spans)[0]
        expected = (line["trace_id"], server.span_id, line["span_id"])
        found = (seen["trace_id"], seen["span_id"], seen["parent_id"])
        require(found == expected, f"whoami answers {found}, not {expected}")

    after = tuple(count + more for count, more in zip(before, (3, 3, 1), strict=True))
    eventually(lambda: counted() == after, TRAVEL)
    require(counted() == after, f"metrics went from {before} to {counted()}, not {after}")


def wrap_mcp_to_rust(lab: Lab, mode: str, revision: str) -> None:
    """Rastir's client span, with ids of 32 digits, above our SERVER span."""
    url, _ = _our_server(lab, mode, "--push-url", lab.rastir.url)
    calls = lab.python_client(
        "rastir_wrap_mcp_client",
        *("--url", url, "--collector", lab.rastir.url, "--revision", revision),
    )
    answers_are_right(calls)

    def check(spans):
        has(is_one_trace(spans), name="weather_agent", kind=AGENT)
        for client, server in calls_pair_up(spans, len(calls)):
            # Rastir takes an answer with `isError` for a success, we do not.
            status = "ERROR" if client.name == "fail" else "OK"
            has(client, status="OK")
            _is_our_server_span(server, client.name, status)
            has(server, parent_id=client.span_id[:16])

    _each_trace(lab, calls, lambda lines, spans: check(spans))


def rust_to_fastmcp(lab: Lab, mode: str, revision: str) -> None:
    """Our CLIENT span above the span that Rastir's `mcp_endpoint` makes."""
    url, _ = lab.python_server(
        "fastmcp_server",
        *("--tracing", "rastir", "--collector", lab.rastir.url, "--mode", mode),
    )
    client = partial(_our_client, lab, url, revision)

    def check(lines, spans, tool, status):
        root = is_one_trace(spans)
        has(root, kind=AGENT, service="my-agent")
        for ours, theirs in calls_pair_up(spans, len(lines)):
            _is_our_client_span(ours, root, tool, status)
            has(theirs, name=f"mcpserver:{tool}", parent_id=ours.span_id, status=status)

    weather = client("get_weather", "--args", TOKYO, "--calls", "3", "--concurrency", "3")
    require(len(weather) == 3, f"{len(weather)} lines for 3 calls")
    _each_trace(lab, weather, partial(check, tool="get_weather", status="OK"))
    _each_trace(lab, client("fail"), partial(check, tool="fail", status="ERROR"))


def framework_to_rust(
    lab: Lab, framework: str, mode: str, env: dict[str, str] | None = None
) -> None:
    """Rastir's agent span is the parent of every SERVER span: the header is set once per run."""
    url, _ = _our_server(lab, mode, "--push-url", lab.rastir.url)
    options = ("--url", url, "--collector", lab.rastir.url)
    calls = lab.python_client(f"{framework}_client", *options, venv=framework, env=env)
    answers_are_right(calls)

    def check(spans):
        root = is_one_trace(spans)
        has(root, name="weather_agent", kind=AGENT)
        servers = server_calls(spans)
        names = sorted(server.name for server in servers)
        require(names == sorted(f"mcpserver:{call['tool']}" for call in calls), f"names {names}")
        for server in servers:
            tool = server.name.removeprefix("mcpserver:")
            _is_our_server_span(server, tool, "ERROR" if tool == "fail" else "OK")
            has(server, parent_id=root.span_id[:16])

    _each_trace(lab, calls, lambda lines, spans: check(spans))


def server_without_export(lab: Lab) -> None:
    """A server that exports nowhere leaves the client's trace whole, and says so once."""
    url, server = _our_server(lab, "stateful")
    client = partial(_our_client, lab, url, "legacy")

    def check(lines, spans, tool):
        root = is_one_trace(spans)
        has(root, kind=AGENT, service="my-agent")
        require(not server_calls(spans), "a SERVER span although the server exports nothing")
        require({span.service for span in spans} == {"my-agent"}, "a span of another service")
        calls = client_calls(spans)
        require(len(calls) == len(lines), f"{len(calls)} CLIENT spans for {len(lines)} calls")
        for call in calls:
            _is_our_client_span(call, root, tool, "OK")

    weather = client("get_weather", "--args", TOKYO, "--calls", "3")
    _each_trace(lab, weather, partial(check, tool="get_weather"))
    for line in _each_trace(lab, client("whoami"), partial(check, tool="whoami")):
        seen = answer_object(line)
        expected = (line["trace_id"], line["span_id"])
        found = (seen["trace_id"], seen["parent_id"])
        require(found == expected, f"whoami answers {found}, not {expected}")
    warnings = [line for line in server.stderr().splitlines() if "warn" in line.lower()]
    require(len(warnings) == 1, f"{len(warnings)} warnings of the server: {warnings}")


def answer_object(line: dict) -> dict:
    """The JSON that a tool answered, from a line of `mcp_client`."""
    answer = line["answer"]
    return json.loads(answer) if isinstance(answer, str) else answer


def by_trace(lines: list[dict]) -> dict[str, list[dict]]:
    """The lines of a client by the trace that they name."""
    traces = defaultdict(list)
    for line in lines:
        traces[line["trace_id"]].append(line)
    return traces


def answers_are_right(calls: list[dict]) -> None:
    """The lines of a Python client tell what the tools of the arms answer."""
    require([call["is_error"] for call in calls] == [False, False, True], f"answers: {calls}")
    for call, city in zip(calls, ["Tokyo", "Oslo"]):
        require(city in call["answer"], f"answers: {calls}")


def _our_server(lab: Lab, mode: str, *options: str):
    return lab.rust_server("--service", "tool-server", "--mode", mode, *options)


def _our_client(lab: Lab, url: str, revision: str, tool: str, *options: str) -> list[dict]:
    export = ("--service", "my-agent", "--push-url", lab.rastir.url, "--revision", revision)
    return lab.rust_client(url, tool, *export, *options)


def _each_trace(lab: Lab, lines: list[dict], check) -> list[dict]:
    """Waits until `check(lines, spans)` holds for every trace that the lines name."""
    require(lines, "the client printed no line")
    for trace_id, members in by_trace(lines).items():
        lab.arrived(lab.rastir, trace_id, partial(check, members))
    return lines


def _is_ours(lines: list[dict], spans, tool: str, status: str) -> None:
    root = is_one_trace(spans)
    has(root, kind=AGENT, service="my-agent")
    require(len(root.span_id) == 16, f"an id of {len(root.span_id)} digits: {root}")
    pairs = calls_pair_up(spans, len(lines))
    printed = {line["span_id"] for line in lines}
    require({client.span_id for client, _ in pairs} == printed, f"the client printed {printed}")
    for client, server in pairs:
        _is_our_client_span(client, root, tool, status)
        _is_our_server_span(server, tool, status)
        has(server, parent_id=client.span_id)
    rest = [span for span in spans if span.kind == OTHER]
    require(len(rest) + 1 + 2 * len(pairs) == len(spans), "spans that belong to no call")


def _is_our_client_span(span, root, tool: str, status: str) -> None:
    has(span, name=tool, service="my-agent", status=status, parent_id=root.span_id)
    has(span, attributes={"tool_name": tool, "remote": "true", "agent": root.name})
    _has_error(span, status)


def _is_our_server_span(span, tool: str, status: str) -> None:
    has(span, name=f"mcpserver:{tool}", service="tool-server", status=status)
    has(span, attributes={"tool_name": tool, "remote": "false"})
    require(len(span.span_id) == 16, f"an id of {len(span.span_id)} digits: {span}")
    _has_error(span, status)


def _has_error(span, status: str) -> None:
    expected = "tool_error" if status == "ERROR" else None
    has(span, attributes={"error.type": expected}, events=["exception"] if expected else [])


def _counted(lab: Lab) -> tuple[float, float, float]:
    calls, errors = "rastir_tool_calls_total", "rastir_errors_total"
    return (
        lab.rastir.counter(calls, service="my-agent", tool_name="get_weather"),
        lab.rastir.counter(calls, service="tool-server", tool_name="mcpserver:get_weather"),
        lab.rastir.counter(errors, service="tool-server", span_type="tool"),
    )


ARMS = [
    *[
        Arm(
            f"rastir/rust-to-rust/{mode}/{revision}",
            f"mcp_client > mcp_server {mode}",
            "both",
            "Rastir",
            partial(rust_to_rust, mode=mode, revision=revision),
        )
        for mode in MODES
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"rastir/wrap-mcp/{mode}/{revision}",
            f"Rastir wrap_mcp > mcp_server {mode}",
            "header",
            "Rastir",
            partial(wrap_mcp_to_rust, mode=mode, revision=revision),
        )
        for mode in MODES
        for revision in REVISIONS
    ],
    *[
        Arm(
            f"rastir/fastmcp/{mode}/{revision}",
            f"mcp_client > FastMCP + Rastir {mode}",
            "both",
            "Rastir",
            partial(rust_to_fastmcp, mode=mode, revision=revision),
        )
        for mode in ["session", "stateless"]
        for revision in REVISIONS
    ],
    Arm(
        "rastir/server-without-export",
        "mcp_client > mcp_server, no push",
        "both",
        "Rastir",
        server_without_export,
    ),
    *[
        Arm(
            f"langchain/{mode}",
            f"LangGraph + Rastir > mcp_server {mode}",
            "header",
            "Rastir",
            partial(framework_to_rust, framework="langchain", mode=mode),
            needs=("venv:peers", "venv:langchain"),
        )
        for mode in MODES
    ],
    *[
        Arm(
            f"crewai/{mode}",
            f"CrewAI + Rastir > mcp_server {mode}",
            "header",
            "Rastir",
            partial(framework_to_rust, framework="crewai", mode=mode, env=SILENT_CREW),
            needs=("venv:peers", "venv:crewai"),
            large=True,
        )
        for mode in MODES
    ],
]
