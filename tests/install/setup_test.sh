#!/usr/bin/env bash
# tools/setup in a made-up machine: its /etc is a temporary folder and the package tools are stand-ins
# that write down how they were called. No network, nothing installed.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
failures=0

fail() { echo "FAILED: $1"; sed 's/^/  | /' "$top/out"; failures=$((failures + 1)); }
# expect NAME STATUS: the last run ended with STATUS
expect() { [ "$status" = "$2" ] || fail "$1: expected status $2, got $status"; }
says() { grep -qF -- "$2" "$top/out" || fail "$1: should say '$2'"; }
untouched() { [ -z "$(find "$top/apt" -newer "$top/start")" ] && [ ! -s "$top/calls" ] || fail "$1: changed something"; }

# machine ID VERSION
machine() {
  rm -rf "${top:?}"/{apt,bin,calls}
  mkdir -p "$top/bin" "$top/apt/sources.list.d" "$top/apt/preferences.d"
  printf 'ID=%s\nVERSION_ID="%s"\nPRETTY_NAME="Made-up %s"\n' "$1" "$2" "$1" >"$top/os-release"
  cat >"$top/apt/sources.list.d/debian.sources" <<'END'
Types: deb
Suites: bookworm bookworm-updates
URIs: scheme://mirror/debian
Components: main

Types: deb
URIs: scheme://mirror/security
Suites: bookworm-security
END
  stand_in dpkg-query 'exit 1'
  stand_in id 'echo 0'
  # shellcheck disable=SC2016
  stand_in apt-get 'echo "apt-get $*" >>"$CALLS"
    case "$*" in
      *" -s "*) echo "Inst g++-14"; echo "Remv libold"; [ -z "${REMOVES:-}" ] || echo "Remv $REMOVES [1]" ;;
      *update*) [ -z "${NO_NETWORK:-}" ] || { echo "E: no network" >&2; exit 100; } ;;
    esac'
  touch "$top/start" -d '1 minute ago'
  find "$top/apt" -exec touch -d '2 minutes ago' {} +
}
stand_in() { printf '#!/bin/bash\n%s\n' "$2" >"$top/bin/$1"; chmod +x "$top/bin/$1"; }
setup() {
  status=0
  env PATH="$top/bin:$PATH" CALLS="$top/calls" SKEIN_OS_RELEASE="$top/os-release" SKEIN_APT_DIR="$top/apt" \
    SKEIN_SETUP_PAUSE=0 "$@" >"$top/out" 2>&1 </dev/null || status=$?
}
tool=$root/tools/setup

machine plan9 4
setup "$tool" check
expect "unknown system" 2; says "unknown system" "Made-up plan9"; says "unknown system" "libboost1.88-dev"
says "unknown system" "libgtest-dev"; says "unknown system" "clang-19"; untouched "unknown system"

machine debian 11
setup "$tool"; expect "Debian too old" 2; untouched "Debian too old"

rm -f "$top/os-release"
setup "$tool"; expect "no os-release" 2; says "no os-release" "g++-14"

setup "$tool" --help; expect "--help" 0; says "--help" "Usage: tools/setup"; says "--help" "Exit:"
setup "$tool" everything; expect "unknown argument" 2; says "unknown argument" "'everything'"

machine debian 12
setup "$tool" test --dry-run
expect "dry run on 12" 0; says "dry run on 12" "will install: g++-14"; says "dry run on 12" "will be added as"
untouched "dry run on 12"

setup "$tool" build
expect "Debian 12" 0; says "Debian 12" "done."
grep -qx 'URIs: scheme://mirror/debian' "$top/apt/sources.list.d/skein-debian13.sources" || fail "12: derived source"
grep -qx 'Pin-Priority: 100' "$top/apt/preferences.d/skein-debian13" || fail "12: pin"
grep -q 'install -y --no-install-recommends -t trixie g++-14 ' "$top/calls" || fail "12: installs from the new suite"
grep -q 'install -y --no-install-recommends make ninja-build' "$top/calls" || fail "12: the rest from its own"

# Afterwards the machine may call itself 13; it is still a mixture.
sed -i 's/"12"/"13"/' "$top/os-release"; rm "$top/calls"
setup "$tool" build
expect "mixed" 0; grep -q -- '-t trixie' "$top/calls" || fail "mixed: must keep to the new suite"

machine debian 12
setup NO_NETWORK=1 "$tool" build
expect "no network" 1; says "no network" "took the added source back"
[ "$(grep -c update "$top/calls")" = 3 ] || fail "no network: three attempts"
[ ! -e "$top/apt/sources.list.d/skein-debian13.sources" ] || fail "no network: source left behind"
[ ! -e "$top/apt/preferences.d/skein-debian13" ] || fail "no network: pin left behind"

machine debian 12
setup REMOVES=desktop "$tool" build
expect "removal" 1; says "removal" "would remove: desktop"
! grep -q 'install -y' "$top/calls" || fail "removal: installed nevertheless"
setup REMOVES=desktop SKEIN_ALLOW_REMOVALS=1 "$tool" build; expect "removal allowed" 0

machine debian 12
rm "$top/apt/sources.list.d/debian.sources"; find "$top/apt" -exec touch -d '2 minutes ago' {} +
setup "$tool" build; expect "no source" 2; says "no source" "nothing was changed"; untouched "no source"

machine debian 12
stand_in id 'echo 1000'; stand_in sudo 'exit 1'
setup "$tool" build; expect "not root" 2; says "not root" "needs root"; untouched "not root"

machine debian 13
setup "$tool" test; expect "Debian 13" 0
! grep -q trixie "$top/calls" || fail "13: needs no suite"
[ ! -e "$top/apt/sources.list.d/skein-debian13.sources" ] || fail "13: added a source"

machine debian 13
# shellcheck disable=SC2016
stand_in dpkg-query 'shift 2; for p; do echo "$p installed 99"; done'
setup "$tool" check; expect "all there" 0; says "all there" "everything for 'check' is installed"; untouched "all there"

[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
echo "setup: all as stated."
