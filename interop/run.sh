#!/usr/bin/env bash
# Runs mcp-trace against other people's clients, servers and collectors.
#
#   interop/run.sh [--all] [ARM...]
#
# An ARM is a name or the beginning of one, such as `rastir` or `rastir/wrap-mcp`; without any, all
# arms run except for those with much to install, which `--all` adds. `--list` prints their names.
# Exits non-zero if an arm fails. What it needs beside Python 3.11 is installed under target/interop/
# from the package indexes of Python, Rust and, if there is Node 20, of Node; the output of every
# program is kept in target/interop/logs/.
#
#   MCP_TRACE_SKIP_BUILD=1   use the programs that are already built
#   W3C_SUITE=PATH           a checkout of https://github.com/w3c/trace-context, for the arm `w3c`
#   PYTHON=python3.11        the interpreter for the virtual environments
set -euo pipefail
. "$(dirname "$0")/install.sh"

export PYTHONDONTWRITEBYTECODE=1
venv peers
main=("$work_dir/venv/peers/bin/python" "$interop_dir/main.py")
if [[ " $* " != *" --list "* ]]; then
    needed=$("${main[@]}" --needs "$@")
    for need in $needed; do
        case $need in
        venv:*) venv "${need#venv:}" ;;
        node) node_modules ;;
        esac
    done
    if [ -z "${MCP_TRACE_SKIP_BUILD:-}" ]; then
        packages=(-p mcp-trace-examples)
        examples=(--example mcp_server --example mcp_client)
        if [[ $needed == *w3c* ]]; then
            packages+=(-p mcp-trace-opentelemetry)
            examples+=(--example w3c_service --example w3c_opentelemetry)
        fi
        (cd "$root_dir" && cargo build --quiet --release "${packages[@]}" "${examples[@]}")
        if [[ $needed == *viewer* ]]; then
            (cd "$root_dir" && cargo build --quiet --release -p mcp-trace-viewer)
        fi
        if [[ $needed == *crates* ]]; then
            cargo build --quiet --manifest-path "$interop_dir/peers/rust/Cargo.toml" \
                --locked --target-dir "$work_dir/crates"
        fi
    fi
fi
exec "${main[@]}" "$@"
