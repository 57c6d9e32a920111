#!/bin/sh
# All tests: installs what they need (Debian, Ubuntu), builds, runs both lanes, and ends with "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."

if ! scripts/bootstrap.sh --with-tests; then
  if [ "${CI:-}" = true ]; then exit 1; fi
  echo "test: going on without what is missing; the tests that need it will say so" >&2
fi
npm run --silent build
exec node scripts/run-tests.mjs "$@"
