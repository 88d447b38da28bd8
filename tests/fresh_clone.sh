#!/usr/bin/env bash
# The README's two commands on what a newcomer has: a clone of HEAD, no environment, no cache, no key.
#   tests/fresh_clone.sh          both commands
#   tests/fresh_clone.sh judge    the first, and that running it again asks nothing
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
git clone --quiet "$here" "$there/clone"
cd "$there/clone"
for name in $(env | grep -oE '^[A-Za-z0-9_]*(_API_KEY|_API_BASE|_BASE_URL)=' | tr -d '='); do unset "$name"; done
unset RMB_CACHE RMB_DATA VIRTUAL_ENV
export PIP_NO_CACHE_DIR=1 HOME="$there/home" XDG_CACHE_HOME="$there/home/.cache"
mkdir -p "$HOME"

step() { # name, command…: runs the command and says how long it took
    local name=$1 start=$SECONDS
    shift
    "$@"
    echo "fresh clone: $name took $((SECONDS - start)) s"
}

step "install" make .venv/.installed
step "make judge" make judge
step "make judge, again" make judge 2>&1 | tee "$there/again"
grep -q "nothing is asked" "$there/again"
[ "${1:-all}" = judge ] || step "make test" make test
