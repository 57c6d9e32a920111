#!/bin/sh
# What `npm run demo` runs: prepares the machine, builds without noise, and hands all arguments to `weft demo`.
set -eu
cd "$(dirname "$0")/.."
# Where real hosts can't be had, the demo goes on with simulated ones, and says so.
scripts/bootstrap.sh || echo "demo: going on without real Open vSwitch hosts" >&2
if ! output=$(npm run --silent build 2>&1); then
  printf '%s\n' "$output" >&2
  exit 1
fi
exec node bin/weft demo "$@"
