# shellcheck shell=bash
# Sourced by run.sh and w3c.sh: virtual environments under target/interop/.

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
