#!/usr/bin/env bash
# skein models: what answers is listed, and what does not is one line with the cure.
source "$(dirname "$0")/check.sh"
# The proxy of the machine has no part in it.
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

echo '{"fixtures": [{"match": {}, "response": {"content": "x"}}]}' >"$top/script.json"
serve --script "$top/script.json"

try models "compat@$url"
expect "models" 0
[ -s "$top/out" ] || fail "models: should list some"
grep -vq "^compat:.*@$url\$" "$top/out" && fail "models: should all be names for --model"
[ ! -s "$top/err" ] || fail "models: nothing belongs on stderr"
name=$(head -n 1 "$top/out")
try run Hi --model "$name"
expect "a listed model" 0
echo x | same "a listed model" "$top/out"

# Several at once: what answers is listed, and each failure has its own line.
try models "openai@$url" groq "compat@${url/http:/https:}" compat@http://127.0.0.1:1/v1
expect "several" 2
says "several" out "openai:"
[ "$(grep -c '^error: ' "$top/err")" = 3 ] || fail "several: should be three lines of errors"
[ "$(wc -l <"$top/err")" = 3 ] || fail "several: should be three lines"
says "missing key" err "groq: no key; export GROQ_API_KEY=..."
says "TLS failure" err "TLS failed"
says "no server" err "Check that the server runs"

try models --json "openai@$url" groq
expect "json" 2
grep -q '^{"models":\["openai:.*"problems":\[{"provider":"groq","type":"usage_error","message":"groq: no key' "$top/out" ||
  fail "json: not what was expected"
[ ! -s "$top/err" ] || fail "json: nothing belongs on stderr"

try models nonsense
expect "no provider" 2
one_error "no provider"
says "no provider" err "the providers are openai, "
stop_serving
conclude
