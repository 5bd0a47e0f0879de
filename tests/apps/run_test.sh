#!/usr/bin/env bash
# skein run and skein model-server, one against the other.
source "$(dirname "$0")/check.sh"
export LC_ALL=C.UTF-8

cat >"$top/script.json" <<'END'
{"fixtures": [
  {"match": {"userMessage": "where"}, "response": {"error": {"message": "not\nhere"}, "status": 404}},
  {"match": {"userMessage": "slowly"}, "response": {"content": "a b c d e f g h i j k l m n o p q r s t u v w x y z"}, "chunkSize": 2, "fault": {"kind": "stall", "at": 1200}},
  {"match": {"systemMessage": "pirate"}, "response": {"content": "Arr!"}},
  {"match": {"hasToolResult": true}, "response": {"content": "It is 3.5 degrees."}},
  {"match": {"toolName": "get_weather"}, "response": {"toolCalls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}},
  {"match": {}, "response": {"chunks": ["Hello", ", ", "world"]}}
]}
END
serve --script "$top/script.json"

for how in "" --no-stream; do
  # shellcheck disable=SC2086
  try run "Hi" --base-url "$url" $how
  expect "run $how" 0
  echo "Hello, world" | same "run $how" "$top/out"
  [ ! -s "$top/err" ] || fail "run $how: nothing belongs on stderr that is no terminal"
done

try run Hi --model "compat:other@$url"
expect "a server by the name of its model" 0
echo "Hello, world" | same "a server by the name of its model" "$top/out"

OPENAI_BASE_URL=$url try run - <<<"Hi from a pipe"
expect "prompt from stdin" 0
echo "Hello, world" | same "prompt from stdin" "$top/out"

try run Hi --base-url "$url" --system "You are a pirate" --model openai:other --temperature 0.5 --max-tokens 7
expect "system" 0
echo "Arr!" | same "system" "$top/out"

try run "Weather?" --base-url "$url" --demo-tools --trace tree
expect "tools" 0
echo "It is 3.5 degrees." | same "tools" "$top/out"
names_of_tree "$top/err" >"$top/names"
same "tools" "$top/names" <<'END'
invoke_agent skein
├─ chat gpt-5-mini
├─ execute_tool get_weather
└─ chat gpt-5-mini
END

try run Hi --base-url "$url" --trace json
expect "trace json" 0
grep -q '^{"resourceSpans":.*"invoke_agent skein"' "$top/err" || fail "trace json: no OTLP JSON on stderr"

try run Hi --base-url "$url" --trace "$top/spans.jsonl"
try run Hi --base-url "$url" --trace "$top/spans.jsonl"
expect "trace file" 0
[ ! -s "$top/err" ] || fail "trace file: nothing belongs on stderr"
[ "$(grep -o '"invoke_agent skein"' "$top/spans.jsonl" | wc -l)" = 2 ] || fail "trace file: should have both runs"
try run Hi --base-url "$url" --trace "$top/no/such/folder/file"
expect "trace file that cannot be" 2
one_error "trace file that cannot be"

OTEL_TRACES_EXPORTER=console try run Hi --base-url "$url"
expect "exporter from the environment" 0
says "exporter from the environment" err "invoke_agent skein"

try run "where am I" --base-url "$url" --trace tree
expect "error of the provider" 1
says "error of the provider" err "not here"
says "error of the provider" err "invoke_agent skein"
[ "$(grep -c '^error: ' "$top/err")" = 1 ] || fail "error of the provider: should be one line"

# Interrupted in the midst of an answer: 130, and the trace is whole.
mkfifo "$top/answer"
"$skein" run slowly --base-url "$url" --trace tree >"$top/answer" 2>"$top/err" &
running=$!
exec {from_run}<"$top/answer"
read -r -d ' ' -u "$from_run" word
[ "$word" = a ] || fail "interrupted: should have begun with a, not '$word'"
kill -INT $running
wait $running
status=$?
exec {from_run}<&-
expect interrupted 130
says interrupted err "interrupted"
says interrupted err "cancelled"

stop_serving INT
expect "model-server" 0
[[ $line =~ ^served\ 1[0-9]\ requests$ ]] || fail "model-server: should count its requests, not say '$line'"

serve --fault rate-limit
try run Hi --base-url "$url"
expect "fault" 1
one_error "fault"
says "fault" err 429
stop_serving TERM
expect "model-server, terminated" 0
[ "$line" = "served 1 request" ] || fail "model-server: said '$line'"

serve --benchmark
try run Hi --base-url "$url" --model openai:b-3-0
expect "benchmark" 0
echo " token token token" | same "benchmark" "$top/out"
stop_serving

conclude
