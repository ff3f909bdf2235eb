"""What an arm works with: collectors, and programs of its own."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from checks import ArmFailed
from otlp_receiver import OtlpReceiver
from processes import Peer, PeerFailed, eventually, json_lines
from rastir_collector import RastirCollector
from spans import Span
from viewer import Viewer

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
WORK = TARGET / "interop"
EXAMPLES = TARGET / "release" / "examples"
CRATES = WORK / "crates" / "debug"
NODE_ENV = {"NODE_PATH": str(WORK / "node" / "node_modules")}
CLIENT_LIMIT = 60.0
"""Seconds that a client may take for all of its calls."""

TRAVEL = 15.0
"""Seconds that a span may take from its end to its collector: exporters batch for up to 5 s."""
SETTLE = 1.0
"""Seconds that spans may still take when the programs of an arm have ended."""


@dataclass(frozen=True)
class Arm:
    """One pair of programs, and what must be true of the trace that they make."""

    name: str
    pair: str
    carrier: str
    collector: str
    run: Callable[["Lab"], str | None]
    """Gives the verdict, if it is not that there is one trace."""
    needs: tuple[str, ...] = ("venv:peers",)
    """`venv:NAME`, `node` for the TypeScript SDK, `crates` for Rust's, `viewer`, `w3c` for a checkout."""
    large: bool = False
    """Whether it installs so much that it only runs when asked for."""

    def lacks(self) -> str | None:
        """What it needs and cannot have here."""
        if "node" in self.needs and not (WORK / "node" / "stamp").exists():
            return "Node 20"
        if "w3c" in self.needs and "W3C_SUITE" not in os.environ:
            return "W3C_SUITE"
        return None


class Lab:
    """Starts what arms need. `with` ends all of it; `arm()` ends what one arm started."""

    def __init__(self):
        self._shared = ExitStack()
        self._arm = ExitStack()
        self._complete = []
        self._logs = WORK / "logs"
        self._rastir = None
        self._viewer = None

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_) -> None:
        self._shared.close()

    def arm(self, name: str) -> ExitStack:
        """The scope of an arm: what is started inside ends with it."""
        self._logs = WORK / "logs" / name.replace("/", "-")
        self._arm = ExitStack()
        self._complete = []
        return self._arm

    @property
    def rastir(self) -> RastirCollector:
        """The Rastir collector, started when an arm first asks for it."""
        if self._rastir is None:
            collector = RastirCollector(WORK / "venv" / "peers", WORK / "logs")
            self._rastir = self._shared.enter_context(collector)
        return self._rastir

    @property
    def viewer(self) -> Viewer:
        """Our viewer, started when an arm first asks for it."""
        if self._viewer is None:
            viewer = Viewer(TARGET / "release" / "mcp-trace", WORK / "logs")
            self._viewer = self._shared.enter_context(viewer)
        return self._viewer

    def otlp(self) -> OtlpReceiver:
        """An OTLP receiver of this arm's own."""
        return self._arm.enter_context(OtlpReceiver())

    def rust_server(self, *options: str, env: dict[str, str] | None = None) -> tuple[str, Peer]:
        """`examples/mcp_server` on a free port: its URL, and the running program."""
        argv = [_built(EXAMPLES, "mcp_server"), "--listen", "127.0.0.1:0", *options]
        return self._server("mcp_server", argv, env)

    def python_server(self, script: str, *options: str) -> tuple[str, Peer]:
        """A server of `peers/`: its URL, and the running program."""
        argv = [_python("peers"), HERE / "peers" / f"{script}.py", *options]
        return self._server(script, argv, None)

    def crate_server(self, name: str, *options: str) -> tuple[str, Peer]:
        """A server of `peers/rust`: its URL, and the running program."""
        return self._server(name, [_built(CRATES, name), *options], None)

    def node_server(self, script: str, *options: str) -> tuple[str, Peer]:
        """A server of `peers/` for Node: its URL, and the running program."""
        return self._server(script, _node(script, options), NODE_ENV)

    def rust_client(
        self, url: str, tool: str, *options: str, env: dict[str, str] | None = None
    ) -> list[dict]:
        """The lines that `examples/mcp_client` prints for its calls of `tool`."""
        argv = [_built(EXAMPLES, "mcp_client"), "--url", url, "--tool", tool, *options]
        return self._client(f"mcp_client-{tool}", argv, env)

    def python_client(
        self, script: str, *options: str, venv: str = "peers", env: dict[str, str] | None = None
    ) -> list[dict]:
        """The lines that a client of `peers/` prints for its calls."""
        argv = [_python(venv), HERE / "peers" / f"{script}.py", *options]
        return self._client(script, argv, env)

    def node_client(self, script: str, *options: str) -> list[dict]:
        """The lines that a client of `peers/` for Node prints for its calls."""
        return self._client(script, _node(script, options), NODE_ENV)

    def script(self, name: str, argv: list, env: dict[str, str], limit: float) -> str:
        """What a program prints that ends well by itself."""
        with Peer(name, argv, self._logs, env) as peer:
            return peer.wait(limit)

    def arrived(self, collector, trace_id: str, check) -> list[Span]:
        """Waits until `check(spans)` holds for the spans of a trace."""
        self._complete.append((collector, trace_id, check))
        if not eventually(lambda: _problem(collector, trace_id, check) is None, TRAVEL):
            raise ArmFailed(_problem(collector, trace_id, check) or "arrived too late")
        return collector.spans(trace_id)

    def nothing_more_arrived(self) -> None:
        """What held for a trace of this arm still holds, now that its programs have ended."""
        time.sleep(SETTLE)
        for collector, trace_id, check in self._complete:
            problem = _problem(collector, trace_id, check)
            if problem:
                raise ArmFailed(f"then more arrived: {problem}")

    def _server(self, name: str, argv: list, env: dict[str, str] | None) -> tuple[str, Peer]:
        peer = self._arm.enter_context(Peer(name, argv, self._logs, env))
        return peer.wait_for_line(r"listening on (http://\S+)\n")[1], peer

    def _client(self, name: str, argv: list, env: dict[str, str] | None) -> list[dict]:
        with Peer(name, argv, self._logs, env) as peer:
            return json_lines(peer.wait(CLIENT_LIMIT))


def _problem(collector, trace_id: str, check) -> str | None:
    spans = collector.spans(trace_id)
    try:
        check(spans)
    except ArmFailed as failure:
        listing = "".join(f"\n    {span}" for span in spans) or " nothing"
        return f"{failure}; trace {trace_id}:{listing}"
    return None


def _python(venv: str) -> Path:
    return WORK / "venv" / venv / "bin" / "python"


def _node(script: str, options: tuple[str, ...]) -> list:
    return ["node", HERE / "peers" / f"{script}.cjs", *options]


def _built(where: Path, name: str) -> Path:
    program = where / name
    if not program.exists():
        raise PeerFailed(f"{name} is not built")
    return program
