"""The real Rastir collector: started on a free port, read back over its HTTP interface."""

import json
import re
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from processes import Peer, PeerFailed, eventually, free_port
from spans import Span, from_rastir


class RastirReader:
    """What a Rastir collector at `url` has, read over its HTTP interface."""

    def __init__(self, url: str):
        self.url = url

    def spans(self, trace_id: str) -> list[Span]:
        """The spans of a trace that have arrived so far."""
        body = self.get(f"/v1/traces/{trace_id}")
        return [from_rastir(raw) for raw in json.loads(body)["spans"]] if body else []

    def counter(self, name: str, **labels: str) -> float:
        """The sum of a counter over the series that have these labels."""
        total = 0.0
        for line in (self.get("/metrics") or "").splitlines():
            series = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line)
            if series and series[1] == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', series[2]))
                if labels.items() <= found.items():
                    total += float(series[3])
        return total

    def get(self, path: str) -> str | None:
        """What is at a path; `None` if it cannot be had."""
        try:
            with urlopen(self.url + path, timeout=5) as answer:
                return answer.read().decode()
        except (HTTPError, URLError, TimeoutError, ConnectionError):
            return None


class RastirCollector(RastirReader):
    """A running `rastir-server`. `with` ends it."""

    def __init__(self, venv: Path, logs: Path):
        port = free_port()
        super().__init__(f"http://127.0.0.1:{port}")
        self._peer = Peer(
            "rastir-server",
            [venv / "bin" / "rastir-server"],
            logs,
            env={"RASTIR_SERVER_HOST": "127.0.0.1", "RASTIR_SERVER_PORT": str(port)},
        )

    def __enter__(self) -> "RastirCollector":
        if not eventually(lambda: self.get("/health") or not self._peer.is_running(), 30):
            self._peer.stop()
        if not self.get("/health"):
            raise PeerFailed(f"rastir-server did not come up:\n{self._peer.stderr()}")
        return self

    def __exit__(self, *_) -> None:
        self._peer.stop()
