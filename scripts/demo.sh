#!/bin/sh
# What `npm run demo` runs: prepares the machine, builds without noise, and hands all arguments to `weft demo`.
set -eu
cd "$(dirname "$0")/.."
scripts/bootstrap.sh
if ! output=$(npm run --silent build 2>&1); then
  printf '%s\n' "$output" >&2
  exit 1
fi
exec node bin/weft demo "$@"
