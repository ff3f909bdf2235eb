#!/usr/bin/env bash
# Runs the W3C trace-context suite against examples/w3c_service, several times in a row.
#
#   interop/w3c.sh PATH_TO_SUITE [RUNS]
#
# PATH_TO_SUITE is a checkout of https://github.com/w3c/trace-context; main at acab820 has 41 tests.
# Exits non-zero unless every run passes all of its tests, none of them skipped.
#
#   MCP_TRACE_SKIP_BUILD=1   use the w3c_service that is already built
#   W3C_SERVICE=demo         test the suite's own known-good server instead, to check the setup
#   W3C_SERVICE=NAME         test another example, such as w3c_opentelemetry
#   W3C_SERVICE=PATH         test this program; it takes the option --listen
#   HARNESS_PORT=7801        the port the suite listens on, if 7777 is taken
set -euo pipefail
. "$(dirname "$0")/install.sh"

suite=${1:?usage: interop/w3c.sh PATH_TO_SUITE [RUNS]}
runs=${2:-5}
suite=$(cd "$suite" && pwd)
if [ -f "$suite/test/test.py" ]; then suite=$suite/test; fi
if [ ! -f "$suite/test.py" ]; then
    echo "no test.py in $suite" >&2
    exit 2
fi

venv w3c
python=$work_dir/venv/w3c/bin/python
logs=$work_dir/logs
mkdir -p "$logs"
export PYTHONDONTWRITEBYTECODE=1

if [ "${W3C_SERVICE:-}" = demo ]; then
    # Without a port it takes the first free one from 5000 on.
    (cd "$suite" && exec "$python" -c "from self_test import DemoServer
server = DemoServer()
print(f'listening on http://127.0.0.1:{server.port}/test', flush=True)
server.serve_forever()") >"$logs/w3c_service.out" 2>"$logs/w3c_service.err" &
else
    program=${W3C_SERVICE:-w3c_service}
    if [ "$program" = "${program#*/}" ]; then
        if [ -z "${MCP_TRACE_SKIP_BUILD:-}" ]; then
            (cd "$root_dir" && cargo build --quiet --release --example "$program")
        fi
        program=${CARGO_TARGET_DIR:-$root_dir/target}/release/examples/$program
    fi
    "$program" --listen 127.0.0.1:0 >"$logs/w3c_service.out" 2>"$logs/w3c_service.err" &
fi
service=$!
trap 'kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

endpoint=
for _ in $(seq 100); do
    endpoint=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$logs/w3c_service.out")
    if [ -n "$endpoint" ]; then break; fi
    if ! kill -0 "$service" 2>/dev/null; then break; fi
    sleep 0.1
done
if [ -z "$endpoint" ]; then
    echo "the service did not say 'listening on http://...':" >&2
    cat "$logs/w3c_service.out" "$logs/w3c_service.err" >&2
    exit 1
fi

failed=0
for run in $(seq "$runs"); do
    log=$logs/w3c-$run.log
    status=0
    (cd "$suite" && SPEC_LEVEL=2 STRICT_LEVEL=2 timeout 120 "$python" test.py "$endpoint") \
        >"$log" 2>&1 || status=$?
    ran=$(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} in .*/\1/p' "$log")
    verdict=$(grep -E '^(OK|FAILED)' "$log" | tail -n 1 || true)
    echo "run $run of $runs: ${ran:-no} tests, ${verdict:-no verdict}"
    if [ "$status" -ne 0 ] || [ "$verdict" != OK ] || [ "${ran:-0}" -eq 0 ]; then
        failed=$((failed + 1))
        grep -E '^(FAIL|ERROR): ' "$log" || tail -n 20 "$log"
    fi
done
echo "$((runs - failed)) of $runs runs passed"
[ "$failed" -eq 0 ]
