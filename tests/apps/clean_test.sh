#!/usr/bin/env bash
# What Skein does is clean to skein trace check, in every mode and by every way into a file: not even
# a note. Metrics and spans agree, with every span there.
source "$(dirname "$0")/check.sh"
export LC_ALL=C.UTF-8 XDG_DATA_HOME="$top/data"

# clean NAME ARGUMENT...
clean() {
  local name=$1
  shift
  try trace check --content-allowed --all-spans "$@"
  expect "check of $name" 0
  says "check of $name" out "checked: nothing found"
}

n=0
for how in "" "--blocking" "--capture" "--abandon-after 0" "--abandon-after 5" "--abandon-after 25" \
  "--cancel-after 0" "--cancel-after 5" "--cancel-after 25" "--deadline 0" "--deadline 60" \
  "--fault cut" "--fault cut --blocking" "--fault rate-limit" "--fault rate-limit --blocking" "--fault stall"; do
  n=$((n + 1))
  # shellcheck disable=SC2086
  try demo $how --trace "store:$top/$n.db"
  expect "demo $how" 0
  says "demo $how" out "spans delivered to store:"
  clean "demo $how" "$top/$n.db"
  # shellcheck disable=SC2086
  try demo $how --trace "$top/$n.jsonl"
  expect "demo $how into lines" 0
  clean "demo $how into lines" "$top/$n.jsonl"
  # shellcheck disable=SC2086
  try demo $how --trace store
done
# All of them in one store, and their metrics.
clean "all demos" "$XDG_DATA_HOME/skein/traces.db"
says "all demos" out "points of metrics"
try trace sql "SELECT count(*) AS n FROM metrics WHERE name = 'gen_ai.invoke_agent.duration'" --json
says_not "metrics of the demos" out '"n":0'

# In the names of 1.41, and in both.
for opt in "" gen_ai/dup; do
  OTEL_SEMCONV_STABILITY_OPT_IN=$opt try demo --trace "store:$top/names.db"
  expect "demo with names '$opt'" 0
done
clean "names of other versions" "$top/names.db"

cat >"$top/script.json" <<'END'
{"fixtures": [
  {"match": {"userMessage": "where"}, "response": {"error": {"message": "not here"}, "status": 404}},
  {"match": {"hasToolResult": true}, "response": {"content": "It is 3.5 degrees."}},
  {"match": {"toolName": "get_weather"}, "response": {"toolCalls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}},
  {"match": {}, "response": {"chunks": ["Hello", ", ", "world"]}}
]}
END
serve --script "$top/script.json"
for how in "" --no-stream; do
  for what in "Hi" "Weather --demo-tools" "where"; do
    # shellcheck disable=SC2086
    try run $what $how --base-url "$url" --trace "store:$top/runs.db"
    # shellcheck disable=SC2086
    try run $what $how --base-url "$url" --trace "$top/runs.jsonl"
    # shellcheck disable=SC2086
    try run $what $how --base-url "$url" --trace json
    grep '^{"resourceSpans"' "$top/err" >>"$top/json.jsonl"
  done
done
# In every protocol, with all content on the spans; and with nobody there.
export ANTHROPIC_API_KEY=k GEMINI_API_KEY=k OPENAI_API_KEY=k
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true
for model in openai:m openai-responses:m anthropic:m gemini:m ollama:m; do
  for how in "" --no-stream; do
    for what in "Hi" "Weather --demo-tools" "where"; do
      # shellcheck disable=SC2086
      try run $what $how --model "$model@$url" --trace "store:$top/protocols.db"
      case $what in where) expect "$model refused" 1 ;; *) expect "$model $what $how" 0 ;; esac
    done
  done
  try run Hi --model "$model@http://127.0.0.1:9/v1" --trace "store:$top/protocols.db"
  expect "$model against nobody" 1
done
unset ANTHROPIC_API_KEY GEMINI_API_KEY OPENAI_API_KEY OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT
stop_serving
try run Hi --base-url http://127.0.0.1:9/v1 --trace "store:$top/runs.db"
expect "run against nobody" 1
for file in runs.db runs.jsonl json.jsonl; do
  clean "runs in $file" "$top/$file"
done
clean "runs in every protocol" "$top/protocols.db"
try trace sql "SELECT count(DISTINCT provider) AS providers, count(DISTINCT trace_id) AS runs FROM spans" --json --store "$top/protocols.db"
says "runs in every protocol" out '[{"providers":4,"runs":35}]'
try trace ls -n 0 --store "$top/runs.db"
[ "$(wc -l <"$top/out")" = 8 ] || fail "runs in the store: a head and seven runs"

# A metric that lost something is found.
try trace export --store "$top/runs.db"
expect "export with metrics" 0
tail -n 1 "$top/out" | grep -q '"resourceMetrics"' || fail "export: the metrics come last"
cp "$top/out" "$top/all.jsonl"
try trace check "$top/all.jsonl" --all-spans --content-allowed
expect "check of the export" 0
tail -n 1 "$top/all.jsonl" >"$top/metrics.jsonl"
sed -n 1p "$top/all.jsonl" | cat - "$top/metrics.jsonl" >"$top/few.jsonl"
try trace check "$top/few.jsonl" --rule metric_beyond_spans --rule metric_disagrees
expect "spans are missing" 0
says "spans are missing" out "note: metric_beyond_spans"
try trace check "$top/few.jsonl" --all-spans --rule metric_disagrees --format sarif
expect "spans are missing, and none may" 1
says "spans are missing, and none may" out '"ruleId":"metric_disagrees"'
sed '$s/"name":"gen_ai.client.inference.duration"/"name":"other"/;$s/"count":"[0-9]*"/"count":"0"/g' "$top/all.jsonl" >"$top/less.jsonl"
try trace check "$top/less.jsonl"
expect "a metric lost its counts" 1
says "a metric lost its counts" out "error: metric_disagrees"

conclude
