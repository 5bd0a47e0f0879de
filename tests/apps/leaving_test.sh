#!/usr/bin/env bash
# skein demo, left after every number of updates, in both ways, and by deadlines.
# Usage: leaving_test.sh PROGRAM abandon|cancel|deadline
source "$(dirname "$0")/check.sh"

whole=0
leave() {
  try demo "$1" "$2"
  expect "$1 $2" 0
  says "$1 $2" out "tree: right"
  if grep -q '^outcome: ok$' "$top/out"; then whole=$((whole + 1)); else says "$1 $2" out "outcome: $3"; fi
}

case $2 in
  abandon) for n in $(seq 0 60); do leave --abandon-after "$n" abandoned; done ;;
  cancel) for n in $(seq 0 60); do leave --cancel-after "$n" cancelled; done ;;
  deadline) for ms in 0 1 5 20 40 80 120 160 200 10000; do leave --deadline "$ms" deadline; done ;;
esac
# Most of them in the midst of the run, the last one not.
[ $whole -ge 1 ] || fail "no run was left after its end"
[ $whole -le 20 ] || fail "$whole runs came to their end"

conclude
