"""What every Python client does: the same three calls, and a JSON line for each of them."""

import argparse
import json

CALLS = [
    ("get_weather", {"city": "Tokyo"}),
    ("get_weather", {"city": "Oslo"}),
    ("fail", {}),
]


def arguments() -> argparse.Namespace:
    """The command line of every client."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="the MCP endpoint")
    parser.add_argument("--collector", required=True, help="where the client's own spans go")
    parser.add_argument("--revision", default="2026-07-28", choices=["legacy", "2026-07-28"])
    return parser.parse_args()


def report(tool: str, trace_id: str, is_error: bool, answer: str, **more) -> None:
    """Prints what a call gave."""
    line = {"tool": tool, "trace_id": trace_id, "is_error": is_error, "answer": answer}
    print(json.dumps(line | more), flush=True)
