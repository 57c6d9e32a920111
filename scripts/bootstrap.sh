#!/bin/sh
# Installs what Weft's lab needs from the system's packages, and nothing when nothing is missing.
#
#   scripts/bootstrap.sh [--with-tests]
#
# --with-tests adds what only the tests use: tshark and python3-os-ken, which read Weft's packets with other people's code,
# Mininet, chromium, in which the page is tried, and jq and uuidgen, which commands in docs/ use.
# On Debian and Ubuntu it installs, as root. Elsewhere it says what to install and exits with 1.
# No Open vSwitch service runs, now or after the next boot, that did not before: the lab starts daemons of its own.
set -eu

PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin
export PATH

with_tests=no
for argument in "$@"; do
  case $argument in
    --with-tests) with_tests=yes ;;
    *)
      echo "usage: $0 [--with-tests]" >&2
      exit 2
      ;;
  esac
done

say() { echo "bootstrap: $*" >&2; }

packages=
missing=
# need PACKAGE WHAT CHECK...: when the check fails, WHAT is missing and PACKAGE brings it.
need() {
  package=$1
  what=$2
  shift 2
  if "$@" >/dev/null 2>&1; then return 0; fi
  missing="$missing $what"
  case " $packages " in
    *" $package "*) ;;
    *) packages="$packages $package" ;;
  esac
}

look() {
  packages=
  missing=
  for program in ovs-vswitchd ovsdb-server ovsdb-tool ovs-vsctl ovs-ofctl ovs-appctl; do
    need openvswitch-switch "$program" command -v "$program"
  done
  need iproute2 ip command -v ip
  need iputils-ping ping command -v ping
  need tcpdump tcpdump command -v tcpdump
  need ethtool ethtool command -v ethtool
  if [ "$with_tests" = yes ]; then
    need tshark tshark command -v tshark
    need python3-os-ken os_ken /usr/bin/python3 -c 'import os_ken'
    need mininet mininet /usr/bin/python3 -c 'import mininet.net'
    need mininet mnexec command -v mnexec
    need chromium chromium command -v chromium
    need jq jq command -v jq
    need uuid-runtime uuidgen command -v uuidgen
  fi
}

look
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
  say "missing:$missing"
  say "install these with your system's packages: Open vSwitch (ovs-vswitchd, ovsdb-server and their tools), iproute2,"
  say "iputils ping, tcpdump, ethtool$([ "$with_tests" = no ] || echo ", tshark, os-ken for /usr/bin/python3, Mininet, chromium, jq, uuidgen"); then run this again."
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  say "missing:$missing"
  say "run as root: apt-get install$packages"
  exit 1
fi

# Whether the machine's own Open vSwitch runs, told by the pid files of its service; the lab's are elsewhere.
service_runs() {
  for name in ovs-vswitchd ovsdb-server; do
    for file in /run/openvswitch/$name.pid /var/run/openvswitch/$name.pid; do
      if [ -r "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null; then return 0; fi
    done
  done
  return 1
}
had_switch=no
if command -v ovs-vswitchd >/dev/null 2>&1; then had_switch=yes; fi
ran=no
if service_runs; then ran=yes; fi

# With this file packages do not start their services. One that is there already is somebody's decision and stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

say "installing$packages"
log=$(mktemp)
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $packages; } >"$log" 2>&1; then
  cat "$log" >&2
  rm -f "$log"
  say "apt-get failed: its output is above"
  exit 1
fi
rm -f "$log"

units="openvswitch-switch.service ovs-vswitchd.service ovsdb-server.service ovs-record-hostname.service"
if [ "$had_switch" = no ] && command -v systemctl >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  systemctl disable -q $units >/dev/null 2>&1 || true
fi
if [ "$ran" = no ] && service_runs; then
  if command -v systemctl >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    systemctl stop $units >/dev/null 2>&1 || true
  fi
  if service_runs; then service openvswitch-switch stop >/dev/null 2>&1 || true; fi
  if service_runs; then /usr/share/openvswitch/scripts/ovs-ctl stop >/dev/null 2>&1 || true; fi
  if service_runs; then
    say "the openvswitch-switch service was started by its package and could not be stopped"
    exit 1
  fi
fi

look
if [ -n "$missing" ]; then
  say "still missing after the installation:$missing"
  exit 1
fi
say "done"
