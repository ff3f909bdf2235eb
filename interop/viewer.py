"""Our viewer, `mcp-trace view`, read back in both of its tongues."""

import json
from pathlib import Path

from processes import Peer, PeerFailed
from rastir_collector import RastirReader
from spans import AGENT, CLIENT, OTHER, SERVER, Span


class Viewer:
    """A running viewer on a free port. `with` ends it."""

    def __init__(self, program: Path, logs: Path):
        if not program.exists():
            raise PeerFailed(f"{program.name} is not built")
        self._peer = Peer("viewer", [program, "view", "--listen", "127.0.0.1:0"], logs)

    def __enter__(self) -> "Viewer":
        try:
            self.url = self._peer.wait_for_line(r"listening on (http://\S+)\n")[1]
        except PeerFailed:
            self._peer.stop()
            raise
        self.as_rastir = RastirReader(self.url)
        return self

    def __exit__(self, *_) -> None:
        self._peer.stop()

    def spans(self, trace_id: str) -> list[Span]:
        """The spans of a trace that have arrived so far, as the viewer's own page gets them."""
        body = self.as_rastir.get(f"/api/traces/{trace_id}")
        return [_span(trace_id, raw) for raw in json.loads(body)["spans"]] if body else []

    def rejected(self) -> dict:
        """How many requests and spans were not taken."""
        return json.loads(self.as_rastir.get("/api/status"))["rejected"]


def _span(trace_id: str, raw: dict) -> Span:
    start = int(raw["start_ns"]) / 1e9
    return Span(
        trace_id=trace_id,
        span_id=raw["span_id"],
        parent_id=raw["parent_id"],
        name=raw["name"],
        kind={"internal": AGENT, "client": CLIENT, "server": SERVER}.get(raw["kind"], OTHER),
        service=raw["service"],
        status=raw["status"].upper(),
        start=start,
        end=start + raw["duration_ns"] / 1e9,
        attributes=raw["attributes"],
        events=[event["name"] for event in raw["events"]],
        links=[(link["trace_id"], link["span_id"]) for link in raw["links"]],
        flags=raw["flags"],
    )
