"""The official W3C suite, from a checkout of it."""

import os
import re
from functools import partial

from checks import require
from lab import HERE, Arm, Lab

LIMIT = 180.0
"""Seconds that the suite may take; it takes about 20."""


def suite(lab: Lab, service: str) -> str:
    """All of its tests pass, once; `interop/w3c.sh` runs it several times."""
    argv = ["bash", HERE / "w3c.sh", os.environ["W3C_SUITE"], "1"]
    env = {"W3C_SERVICE": service, "MCP_TRACE_SKIP_BUILD": "1"}
    said = lab.script(f"w3c-{service}", argv, env, LIMIT)
    ran = re.search(r"(\d+) tests, OK", said)
    require(ran, f"the suite said: {said}")
    return f"{ran[1]} tests"


ARMS = [
    Arm(
        f"w3c/{service}",
        f"W3C suite > {service}",
        "header",
        "none",
        partial(suite, service=service),
        needs=("venv:peers", "venv:w3c", "w3c"),
    )
    for service in ["w3c_service", "w3c_opentelemetry"]
]
