#!/usr/bin/env bash
# Runs mcp-trace against other people's clients, servers and collectors.
#
#   interop/run.sh [ARM...]
#
# An ARM is a name or the beginning of one, such as `rastir` or `rastir/wrap-mcp`; without any, all
# arms run. `--list` prints their names. Exits non-zero if an arm fails. What it needs (Python 3.11
# and the Python package index) is installed under target/interop/; the output of every program is
# kept in target/interop/logs/.
#
#   MCP_TRACE_SKIP_BUILD=1   use the examples that are already built
#   PYTHON=python3.11        the interpreter for the virtual environments
set -euo pipefail
. "$(dirname "$0")/venv.sh"

export PYTHONDONTWRITEBYTECODE=1
venv peers
main=("$work_dir/venv/peers/bin/python" "$interop_dir/main.py")
if [ "${1:-}" != --list ]; then
    needed=$("${main[@]}" --venvs "$@")
    for name in $needed; do venv "$name"; done
    if [ -z "${MCP_TRACE_SKIP_BUILD:-}" ]; then
        (cd "$root_dir" && cargo build --quiet --release -p mcp-trace-examples --examples)
    fi
fi
exec "${main[@]}" "$@"
