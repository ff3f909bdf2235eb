"""Runs the chosen arms one after the other and prints a table. `run.sh` calls it.

    python main.py [--needs | --list] [--all] [ARM...]

An ARM is a name or the beginning of one: `rastir`, `rastir/fastmcp`. Without any, all arms run, the
large ones only with `--all`.
"""

import argparse
import signal
import sys
import time

from arms import ARMS
from checks import ArmFailed
from lab import Arm, Lab
from processes import PeerFailed


def chosen(names: list[str], large: bool) -> list[Arm]:
    """The arms that `names` mean, in the order in which they are written down."""
    for name in names:
        if not any(_means(name, arm) for arm in ARMS):
            sys.exit(f"no arm is called {name!r}; there are: {', '.join(a.name for a in ARMS)}")
    if names:
        return [arm for arm in ARMS if any(_means(name, arm) for name in names)]
    return [arm for arm in ARMS if large or not arm.large]


def _means(name: str, arm: Arm) -> bool:
    return f"{arm.name}/".startswith(f"{name.rstrip('/')}/")


def run(arm: Arm, lab: Lab) -> tuple[str, str | None]:
    """Runs an arm; gives the verdict, and what went wrong."""
    try:
        with lab.arm(arm.name):
            verdict = arm.run(lab)
        lab.nothing_more_arrived()
    except (ArmFailed, PeerFailed) as failure:
        return "FAILED", str(failure)
    except Exception as failure:  # A broken arm must not keep the others from running.
        return "FAILED", repr(failure)
    return verdict or "one trace", None


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Prints rows in columns as wide as their widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--needs", action="store_true", help="print what they need")
    parser.add_argument("--list", action="store_true", help="print their names")
    parser.add_argument("--all", action="store_true", help="also those with much to install")
    parser.add_argument("arms", nargs="*", metavar="ARM")
    args = parser.parse_args()
    arms = chosen(args.arms, args.all)
    if args.needs:
        # What is to be installed; nothing can be done about a checkout that is not given.
        able = [arm for arm in arms if arm.lacks() != "W3C_SUITE"]
        print("\n".join(sorted({need for arm in able for need in arm.needs})))
        return 0
    if args.list:
        print("\n".join(arm.name for arm in arms))
        return 0

    # As an exception, so that every `with` ends its program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = [("ARM", "CLIENT > SERVER", "CARRIER", "COLLECTOR", "RESULT", "SECONDS")]
    failures, skipped = [], 0
    with Lab() as lab:
        for arm in arms:
            began = time.monotonic()
            lacking = arm.lacks()
            if lacking:
                verdict, failure = f"skipped: no {lacking}", None
                skipped += 1
            else:
                verdict, failure = run(arm, lab)
            took = f"{time.monotonic() - began:.1f}"
            rows.append((arm.name, arm.pair, arm.carrier, arm.collector, verdict, took))
            print(f"{verdict:10} {arm.name}", file=sys.stderr, flush=True)
            if failure:
                failures.append(f"{arm.name}: {failure}")
    print_table(rows)
    for failure in failures:
        print(f"\nFAILED {failure}")
    ran = len(arms) - skipped
    print(f"\n{ran - len(failures)} of {ran} arms passed, {skipped} skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
