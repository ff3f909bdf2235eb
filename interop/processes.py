"""Starts programs, waits for what they say, and ends them: by process id, and only its own."""

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path


class PeerFailed(Exception):
    """A program ended badly, or did not do in time what was waited for."""


def free_port() -> int:
    """A loopback port that was free a moment ago, for programs that cannot pick one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(extra: dict[str, str]) -> dict[str, str]:
    """This process's environment without what would configure tracing or a proxy, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "RASTIR_")) and not name.lower().endswith("_proxy")
    }
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"} | extra


def eventually(look, limit: float, every: float = 0.1):
    """The first true value of `look()`; after `limit` seconds, whatever it last gave."""
    deadline = time.monotonic() + limit
    while True:
        found = look()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(every)


class Peer:
    """A running program whose output goes to files. `with` ends it."""

    def __init__(self, name: str, argv: list, logs: Path, env: dict[str, str] | None = None):
        self.name = name
        self._out = logs / f"{name}.out"
        self._err = logs / f"{name}.err"
        logs.mkdir(parents=True, exist_ok=True)
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=clean_environment(env or {}),
            )

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stdout(self) -> str:
        """All that the program has printed."""
        return self._out.read_text(errors="replace")

    def stderr(self) -> str:
        """All that the program has printed to standard error."""
        return self._err.read_text(errors="replace")

    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def wait_for_line(self, pattern: str, limit: float = 30.0) -> re.Match:
        """The first match of `pattern` in what the program prints, within `limit` seconds."""
        found = eventually(
            lambda: re.search(pattern, self.stdout()) or not self.is_running(), limit, every=0.02
        )
        found = re.search(pattern, self.stdout()) if found else None
        if found is None:
            raise self._failure(f"did not print {pattern!r} within {limit:g} s")
        return found

    def wait(self, limit: float) -> str:
        """What the program printed, once it has ended well; ends it after `limit` seconds."""
        try:
            code = self._process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self.stop()
            raise self._failure(f"did not end within {limit:g} s") from None
        if code != 0:
            raise self._failure(f"ended with code {code}")
        return self.stdout()

    def stop(self, limit: float = 10.0) -> None:
        """Asks the program to end, and makes it after `limit` seconds."""
        if not self.is_running():
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _failure(self, what: str) -> PeerFailed:
        tail = (self.stderr() or self.stdout()).strip().splitlines()[-12:]
        return PeerFailed("\n    ".join([f"{self.name} {what}", *tail]))


def json_lines(text: str) -> list[dict]:
    """The JSON objects among the lines of `text`."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
