"""One shape for the spans of both wires: Rastir's JSON and OTLP."""

from dataclasses import dataclass, field

AGENT, CLIENT, SERVER, OTHER = "agent", "client", "server", "other"


@dataclass(frozen=True)
class Span:
    """A span as it arrived. Ids keep the length in which they were sent."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    service: str | None
    status: str
    start: float
    end: float
    attributes: dict
    events: list = field(default_factory=list)
    links: list = field(default_factory=list)
    flags: int = 0

    def is_child_of(self, parent: "Span") -> bool:
        """Rastir's own ids have 32 digits, of which its header carries the first 16."""
        return self.parent_id is not None and self.parent_id[:16] == parent.span_id[:16]

    def is_tool_call(self) -> bool:
        """Whether this is a CLIENT or SERVER span of `tools/call`."""
        if self.kind not in (CLIENT, SERVER):
            return False
        return self.attributes.get("mcp.method.name", "tools/call") == "tools/call"

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.name!r} [{self.service}] {self.span_id} < {self.parent_id or '-'}"
            f" {self.status}"
        )


def from_rastir(raw: dict) -> Span:
    """A span as `/v1/traces/{id}` of the Rastir collector gives it back."""
    attributes = raw["attributes"]
    kind = OTHER
    if raw["span_type"] == "agent":
        kind = AGENT
    elif raw["span_type"] == "tool":
        kind = {"true": CLIENT, "false": SERVER}.get(attributes.get("remote"), OTHER)
    return Span(
        trace_id=raw["trace_id"],
        span_id=raw["span_id"],
        parent_id=raw["parent_span_id"],
        name=raw["name"],
        kind=kind,
        service=raw.get("service"),
        status=raw["status"],
        start=raw["start_time"],
        end=raw["start_time"] + raw["duration_ms"] / 1000,
        attributes=attributes,
        events=[event["name"] for event in raw["events"]],
    )


def from_otlp(span, resource: dict) -> Span:
    """A decoded `opentelemetry.proto.trace.v1.Span` under the attributes of its resource."""
    kind = {1: AGENT, 2: SERVER, 3: CLIENT}.get(span.kind, OTHER)
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        name=span.name,
        kind=kind,
        service=resource.get("service.name"),
        status={0: "UNSET", 1: "OK", 2: "ERROR"}[span.status.code],
        start=span.start_time_unix_nano / 1e9,
        end=span.end_time_unix_nano / 1e9,
        attributes=attributes_of(span.attributes),
        events=[event.name for event in span.events],
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        flags=span.flags,
    )


def attributes_of(pairs) -> dict:
    """OTLP key-value pairs as a dictionary; arrays and maps stay as they are."""
    values = {}
    for pair in pairs:
        which = pair.value.WhichOneof("value")
        values[pair.key] = getattr(pair.value, which) if which else None
    return values
