# shellcheck shell=bash
# Sourced by run.sh and w3c.sh: what the arms need, under target/interop/.

interop_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root_dir=$(dirname "$interop_dir")
work_dir=${CARGO_TARGET_DIR:-$root_dir/target}/interop

# venv NAME: makes target/interop/venv/NAME from requirements/NAME.txt, unless the one that is
# there was made from the same file. A half-made one has no stamp and is made anew.
venv() {
    local name=$1 dir=$work_dir/venv/$1 wanted=$interop_dir/requirements/$1.txt
    local stamp
    stamp=$(sha256sum <"$wanted")
    if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    echo "making the virtual environment $name" >&2
    rm -rf "$dir"
    mkdir -p "$work_dir/venv"
    "${PYTHON:-python3.11}" -m venv "$dir"
    timeout 600 "$dir/bin/pip" install --quiet --disable-pip-version-check --no-input \
        --no-deps --requirement "$wanted"
    echo "$stamp" >"$dir/stamp"
}

# node_modules: makes target/interop/node from node/package-lock.json in the same way. Without Node
# 20 or later there is none, and the arms that want it are skipped.
node_modules() {
    local dir=$work_dir/node stamp
    if ! [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ]; then return; fi
    stamp=$(sha256sum <"$interop_dir/node/package-lock.json")
    if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    echo "installing the TypeScript SDK" >&2
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$interop_dir"/node/package*.json "$dir"
    (cd "$dir" && timeout 600 npm ci --silent --ignore-scripts --no-audit --no-fund)
    echo "$stamp" >"$dir/stamp"
}
