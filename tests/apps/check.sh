# For the tests of the command line: source it with the program as $1. Nothing here waits for time to
# pass: what has to be waited for is a line, a process or a file that gets an end.
set -uo pipefail
skein=$1
top=$(mktemp -d)
failures=0
# No settings of the one who runs the tests.
unset OPENAI_BASE_URL OPENAI_ORG_ID OPENAI_PROJECT_ID
for name in $(compgen -v OTEL_ || :) $(compgen -v | grep '_API_KEY$' || :); do unset "$name"; done

finish() {
  status=$?
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null
  rm -rf "$top"
  exit $status
}
trap finish EXIT

fail() {
  echo "FAILED: $1"
  sed 's/^/  out | /' "$top/out"
  sed 's/^/  err | /' "$top/err"
  failures=$((failures + 1))
}
# try ARGUMENT...: runs the program, standard input as it is; sets $status
try() {
  status=0
  "$skein" "$@" >"$top/out" 2>"$top/err" || status=$?
}
# expect NAME STATUS: the last run ended with STATUS
expect() { [ "$status" = "$2" ] || fail "$1: expected status $2, got $status"; }
# says NAME out|err TEXT, and its opposite
says() { grep -qF -- "$3" "$top/$2" || fail "$1: std$2 should say '$3'"; }
says_not() { ! grep -qF -- "$3" "$top/$2" || fail "$1: std$2 should not say '$3'"; }
# one_error NAME: exactly one line on stderr, an error
one_error() {
  [ "$(wc -l <"$top/err")" = 1 ] && grep -q '^error: ' "$top/err" || fail "$1: stderr should be one line, an error"
}
# same NAME FILE, with what is expected on stdin
same() { diff - "$2" >"$top/diff" || { cat "$top/diff"; fail "$1: differs"; }; }
# The names of a printed tree, without what changes from run to run.
names_of_tree() { sed -nE 's/^((│  |   )*([├└]─ )?(invoke_agent|chat|execute_tool) [a-z0-9_-]+) .*/\1/p' "$1"; }

# serve ARGUMENT...: a model server; sets $server and $url
serve() {
  [ -p "$top/served" ] || mkfifo "$top/served"
  "$skein" model-server "$@" >"$top/served" 2>&1 &
  server=$!
  exec {from_server}<"$top/served"
  read -r -u "$from_server" line
  url=${line##* }
}
# Stops it; what it said last is in $line.
stop_serving() {
  kill -"${1:-TERM}" "$server"
  read -r -u "$from_server" line
  wait "$server"
  status=$?
  exec {from_server}<&-
  server=
}

conclude() {
  [ $failures = 0 ] || { echo "$failures failed"; exit 1; }
  echo "all passed"
  exit 0
}
