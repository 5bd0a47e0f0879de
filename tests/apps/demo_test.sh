#!/usr/bin/env bash
# skein demo: the golden tree, streaming and not, as JSON, and with its content captured.
source "$(dirname "$0")/check.sh"
answer="For Oslo tomorrow: a wool coat over a light sweater, waterproof boots, and an umbrella you do not mind losing. And 17 + 25 is 42."
export LC_ALL=C.UTF-8

for how in "" --blocking; do
  # shellcheck disable=SC2086
  try demo $how
  expect "demo $how" 0
  [ ! -s "$top/err" ] || fail "demo $how: nothing belongs on stderr that is no terminal"
  [ "$(head -n 1 "$top/out")" = "$answer" ] || fail "demo $how: another answer"
  says "demo $how" out "outcome: ok"
  says "demo $how" out "tree: right (10 spans)"
  says "demo $how" out "495→130 tokens"
  names_of_tree "$top/out" >"$top/names"
  same "demo $how" "$top/names" <<'END'
invoke_agent demo
├─ chat demo-model
├─ execute_tool get_weather
├─ execute_tool add
├─ chat demo-model
├─ execute_tool ask_stylist
│  └─ invoke_agent stylist
│     └─ chat demo-model
├─ execute_tool now
└─ chat demo-model
END
done

# The demo is about itself: settings of the machine do not change it.
OTEL_SDK_DISABLED=true OTEL_TRACES_SAMPLER=always_off OPENAI_BASE_URL=nonsense \
  http_proxy=http://127.0.0.1:1 try demo
expect "demo with settings" 0
says "demo with settings" out "tree: right (10 spans)"

# field NAME PATH...: of the JSON object, checked by CMake, which is there where this was built
field() { cmake -DFILE="$top/out" -DPATH_TO="$*" -P "$(dirname "$0")/json_field.cmake" 2>&1; }
try demo --json
expect json 0
[ "$(wc -l <"$top/out")" = 1 ] || fail "json: should be one line"
[ "$(field text)" = "$answer" ] || fail "json: text"
[ "$(field usage input)" = 495 ] || fail "json: usage"
[ "$(field end)" = completed ] || fail "json: end"
[ "$(field outcome name)" = ok ] || fail "json: outcome"
[ "$(field problems)" = "[]" ] || fail "json: problems"
grep -qo '"name":"invoke_agent stylist"' "$top/out" || fail "json: spans"
[ "$(grep -o '"spanId"' "$top/out" | wc -l)" = 10 ] || fail "json: should have 10 spans"
says_not "json" out "wool coat over a light sweater, waterproof boots and"
says_not "json" out "gen_ai.input.messages"

try demo --json --capture
expect capture 0
says capture out "gen_ai.input.messages"

try demo --json --fault rate-limit
expect "json with a fault" 0
[ "$(field outcome name)" = error ] || fail "json with a fault: outcome"
[ "$(field outcome type)" = 429 ] || fail "json with a fault: type"
[ "$(field usage input)" = 96 ] || fail "json with a fault: usage"

# A collector that is not there: said, and not a success.
try demo --otlp http://127.0.0.1:1
expect "otlp to nobody" 1
says "otlp to nobody" out "tree: right"
says "otlp to nobody" err "0 of 10 spans reached http://127.0.0.1:1"

conclude
