"""What every arm asserts of the spans that arrived."""

from spans import CLIENT, SERVER, Span

CLOCKS = 0.25
"""Seconds by which two processes on one machine may disagree on when a call began or ended."""


class ArmFailed(Exception):
    """An arm's assertion does not hold."""


def require(condition, message: str) -> None:
    """Raises ArmFailed with `message` unless `condition` is true."""
    if not condition:
        raise ArmFailed(message)


def is_one_trace(spans: list[Span]) -> Span:
    """One root, every parent present, children inside their parent's time. Gives the root."""
    require(spans, "no span arrived")
    roots = [span for span in spans if span.parent_id is None]
    require(len(roots) == 1, f"{len(roots)} roots")
    prefixes = [span.span_id[:16] for span in spans]
    require(len(set(prefixes)) == len(prefixes), "a span arrived twice")
    for span in spans:
        require(span.end >= span.start, f"ends before it starts: {span}")
        if span.parent_id is None:
            continue
        parents = [parent for parent in spans if span.is_child_of(parent)]
        require(len(parents) == 1, f"its parent is missing: {span}")
        require(
            parents[0].start - CLOCKS <= span.start <= parents[0].end + CLOCKS,
            f"does not start within its parent: {span}",
        )
    return roots[0]


def only(spans: list[Span], what: str) -> Span:
    """The one span of `spans`."""
    require(len(spans) == 1, f"{len(spans)} spans instead of one: {what}")
    return spans[0]


def client_calls(spans: list[Span]) -> list[Span]:
    """The CLIENT spans of tool calls."""
    return [span for span in spans if span.kind == CLIENT and span.is_tool_call()]


def server_calls(spans: list[Span]) -> list[Span]:
    """The SERVER spans of tool calls."""
    return [span for span in spans if span.kind == SERVER and span.is_tool_call()]


def calls_pair_up(spans: list[Span], count: int) -> list[tuple[Span, Span]]:
    """`count` CLIENT spans of tool calls, exactly one SERVER span below each, and no others."""
    clients, servers = client_calls(spans), server_calls(spans)
    require(len(clients) == count, f"{len(clients)} CLIENT spans for {count} calls")
    require(len(servers) == count, f"{len(servers)} SERVER spans for {count} calls")
    return [
        (client, only([span for span in servers if span.is_child_of(client)], f"below {client}"))
        for client in clients
    ]


def has(span: Span, **expected) -> None:
    """The fields of a span, and after `attributes=` some of its attributes, are as given."""
    attributes = expected.pop("attributes", {})
    for name, value in expected.items():
        found = getattr(span, name)
        require(found == value, f"{name} is {found!r}, not {value!r}: {span}")
    for name, value in attributes.items():
        found = span.attributes.get(name)
        require(found == value, f"{name} is {found!r}, not {value!r}: {span}")
