#!/usr/bin/env bash
# skein trace: collecting over real sockets, and each command on a store, a file and standard input.
source "$(dirname "$0")/check.sh"
export LC_ALL=C.UTF-8 XDG_DATA_HOME="$top/data"
store=$top/data/skein/traces.db

# collect ARGUMENT...: a collector; sets $collector and $url
collect() {
  [ -p "$top/collected" ] || mkfifo "$top/collected"
  "$skein" trace collect --port 0 "$@" >"$top/collected" 2>"$top/collect.err" &
  collector=$!
  exec {from_collector}<"$top/collected"
  read -r -u "$from_collector" line
  url=${line##* }
}
stop_collecting() {
  kill -"${1:-TERM}" "$collector"
  read -r -u "$from_collector" line || line=
  wait "$collector"
  status=$?
  exec {from_collector}<&-
}

try trace ls
expect "no store yet" 2
one_error "no store yet"
says "no store yet" err "skein trace collect"

collect
for how in "" "--blocking" "--abandon-after 5" "--cancel-after 5" "--fault cut" "--fault rate-limit" "--deadline 60" "--capture"; do
  # shellcheck disable=SC2086
  try demo --otlp "$url" $how
  expect "demo $how" 0
done
stop_collecting INT
expect "collect" 0
[[ $line =~ ^stored\ [0-9]+\ spans\ of\ [0-9]+\ requests$ ]] || fail "collect: said '$line'"
[ ! -s "$top/collect.err" ] || fail "collect: nothing belongs on stderr"
[ "$(stat -c %a "$store")" = 600 ] || fail "collect: the store is for its owner"

# What Skein does is clean; content only where it was asked for.
try trace check --content-allowed
expect "check of Skein" 0
says "check of Skein" out "in 8 traces checked: nothing found"
try trace check
expect "check of content" 0
says "check of content" out "warning: content"

try trace ls --limit 2
expect ls 0
[ "$(wc -l <"$top/out")" = 3 ] || fail "ls: a head and two lines"
says ls out "invoke_agent demo  [skein]"
try trace ls --json
expect "ls json" 0
says "ls json" out '"name":"invoke_agent demo"'
try trace ls --failed -n 0
expect "ls failed" 0

try trace tree
expect tree 0
names_of_tree "$top/out" >"$top/names"
same tree "$top/names" <<'END'
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
try trace show last
expect show 0
says show out "gen_ai.provider.name: openai"
says show out "resource service.name: skein"
try trace sql "SELECT operation, count(*) AS n FROM spans GROUP BY operation" --json
expect sql 0
says sql out '"operation":"execute_tool","n":'
try trace sql "DROP TABLE span_rows"
expect "sql that writes" 2
one_error "sql that writes"
try trace stats
expect stats 0
says stats out "execute_tool get_weather"

# Out and in again, by every way.
try trace export
expect export 0
cp "$top/out" "$top/all.jsonl"
[ "$(wc -l <"$top/all.jsonl")" = 8 ] || fail "export: a line for each trace"
id=$(grep -o '"traceId":"[0-9a-f]*"' "$top/all.jsonl" | head -1 | cut -d'"' -f4)
try trace import "$top/all.jsonl" --store "$top/other.db"
expect import 0
try trace import - --store "$top/other.db" <"$top/all.jsonl"
expect "import again" 0
says "import again" out "0 of "
"$skein" trace export --store "$top/other.db" | same "export of the import" "$top/all.jsonl"
for command in ls tree show stats export check; do
  status=0
  "$skein" trace $command - <"$top/all.jsonl" >"$top/out" 2>"$top/err" || status=$?
  expect "$command of stdin" 0
  try trace $command "$top/all.jsonl"
  expect "$command of a file" 0
  try trace $command "$top/other.db"
  expect "$command of another store" 0
  try trace $command --json --file "$top/all.jsonl"
  expect "$command --json" 0
done
try trace tree "${id:0:8}" --file "$top/all.jsonl" --no-times
expect "tree without times" 0
try trace tree ffffffffffff
expect "no such trace" 2
one_error "no such trace"

# Two runs of one kind are the same but for times; another kind is not.
try demo --otlp http://127.0.0.1:9
expect "nobody collects" 1
try run Hi --base-url http://127.0.0.1:9/v1 --trace store
expect "run into the store" 1
try trace ls -n 1
says "run into the store" out "invoke_agent skein"
try run Hi --base-url http://127.0.0.1:9/v1 --trace "store:$top/third.db"
try trace diff last "$top/third.db"
expect "diff of the same" 0
says "diff of the same" out "the same"
try trace diff last "$id"
expect "diff of others" 1
says "diff of others" out "A: invoke_agent skein"
try trace diff last "$id" --json
expect "diff as JSON" 1
says "diff as JSON" out '"same":false'

# Histories by reference: shown in full, and exported so when asked.
trace_of() { printf '0af7651916cd43dd8448eb211c8031%s' "$1"; }
call() { # ID MESSAGE [MORE]
  echo '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"'"$(trace_of "$1")"'","spanId":"00000000000000a1","name":"chat m","kind":3,"startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},'"${3:-}"'{"key":"gen_ai.input.messages","value":{"stringValue":"['"$2"']"}}]}]}]}]}'
}
{
  call a1 1
  call a2 2 '{"key":"skein.history.after","value":{"stringValue":"'"$(trace_of a1)"'-00000000000000a1"}},{"key":"skein.history.omitted","value":{"intValue":"1"}},'
} >"$top/history.jsonl"
try trace import "$top/history.jsonl" --store "$top/history.db"
expect "import of histories" 0
try trace show "$(trace_of a2)" --store "$top/history.db"
says "show of a history" out "gen_ai.input.messages: [1,2]"
try trace show "$(trace_of a2)" --store "$top/history.db" --no-expand
says "show as recorded" out "gen_ai.input.messages: [2]"
try trace show "$(trace_of a2)" --store "$top/history.db" --json --expand
says "show --json --expand" out '"[1,2]"'
try trace export --store "$top/history.db"
says "export as recorded" out "skein.history.after"
try trace export --expand --store "$top/history.db"
says "export --expand" out '"[1,2]"'
says_not "export --expand" out "skein.history.after"
try trace check --rule history_missing "$(trace_of a2)" --store "$top/history.db"
says "check of a history" out "nothing found"
try trace rm "$(trace_of a1)" --store "$top/history.db"
try trace check --rule history_missing --store "$top/history.db"
expect "check of half a history" 0
says "check of half a history" out "note: history_missing"

# The seed bug: what streaming did to the spans of an agent elsewhere.
cat >"$top/bug.json" <<'END'
{
  "resourceSpans": [{"scopeSpans": [{"scope": {"name": "other"}, "spans": [
    {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00000000000000a1", "name": "request", "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": "1000000000", "endTimeUnixNano": "9000000000"},
    {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00000000000000a2", "parentSpanId": "00000000000000a1", "name": "invoke_agent a", "kind": 1, "startTimeUnixNano": "2000000000", "endTimeUnixNano": "8000000000",
     "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "invoke_agent"}}]},
    {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00000000000000a3", "parentSpanId": "00000000000000a1", "name": "chat m", "kind": 3, "startTimeUnixNano": 3000000000, "endTimeUnixNano": 4000000000,
     "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}}, {"key": "gen_ai.request.model", "value": {"stringValue": "unknown"}}]}
  ]}]}]
}
END
try trace check "$top/bug.json"
expect "seed bug" 1
says "seed bug" out "error: beside_agent"
says "seed bug" out "error: placeholder"
try trace check "$top/bug.json" --rule beside_agent --format sarif
expect sarif 1
says sarif out '"version":"2.1.0"'
says sarif out '"ruleId":"beside_agent"'
says_not sarif out '"ruleId":"placeholder"'
try trace check "$top/bug.json" --format junit
expect junit 1
says junit out '<failure'
try trace check "$top/bug.json" --rule cycle
expect "another rule" 0
try trace check --list-rules
expect "list rules" 0
says "list rules" out "tool_under_chat"
try trace check "$top/bug.json" --rule nonsense
expect "no such rule" 2
one_error "no such rule"

echo '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}' >"$top/damaged.json"
try trace check "$top/damaged.json"
expect "damaged file" 2
one_error "damaged file"
says "damaged file" err "line 1"
try trace import "$top/damaged.json"
expect "import of a damaged file" 2
try trace import "$top/nothere"
expect "import of nothing" 2
one_error "import of nothing"

try trace rm "$id" --json
expect rm 0
says rm out '{"removed":1}'
try trace show "$id"
expect "after rm" 2
try trace rm
expect "rm of nothing" 2

# Anybody may send, in any form; what was answered with 200 is there, whatever becomes of the process.
if command -v curl >/dev/null; then
  # send TYPE FILE CURL_OPTION...: prints the status
  send() {
    local type=$1 file=$2
    shift 2
    curl -s -o "$top/answer" -w '%{http_code}' -H "Content-Type: $type" --data-binary "@$file" "$@" "$url/v1/traces"
  }
  collect --store "$top/curl.db"
  [ "$(send application/json "$top/bug.json")" = 200 ] || fail "curl: JSON"
  gzip -c "$top/all.jsonl" >"$top/all.gz"
  [ "$(send application/json "$top/all.gz" -H 'Content-Encoding: gzip')" = 200 ] || fail "curl: gzip"
  kill -KILL "$collector"
  wait "$collector" 2>/dev/null
  exec {from_collector}<&-
  try trace ls -n 0 --store "$top/curl.db"
  expect "after kill" 0
  [ "$(wc -l <"$top/out")" = 10 ] || fail "after kill: nine traces"
  collect --store "$top/curl.db"
  [ "$(send application/json "$top/damaged.json")" = 200 ] || fail "curl: partial success"
  grep -q '"rejectedSpans":"1"' "$top/answer" || fail "curl: partial success says how many"
  [ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}' "$url/v1/logs")" = 200 ] || fail "curl: logs"
  [ "$(send application/x-protobuf "$top/bug.json")" = 400 ] || fail "curl: no Protobuf"
  [ "$(send text/plain "$top/bug.json")" = 415 ] || fail "curl: no such type"
  [ "$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/traces")" = 405 ] || fail "curl: GET"
  [ "$(curl -s -o /dev/null -w '%{http_code}' "$url/")" = 404 ] || fail "curl: another path"
  head -c 20000000 /dev/zero >"$top/large"
  [ "$(send application/x-protobuf "$top/large")" = 413 ] || fail "curl: too large"
  stop_collecting TERM
  expect "collect, terminated" 0
  [[ $line == *"dropped 1 log records, refused 5 requests, rejected 1 damaged spans or points" ]] || fail "collect: said '$line'"
fi

# wrong TEXT ARGUMENT...
wrong() {
  local text=$1
  shift
  try trace "$@" </dev/null
  expect "skein trace $*" 2
  one_error "skein trace $*"
  says "skein trace $*" err "$text"
}
wrong "see skein trace --help"
wrong "see skein trace ls --help" ls --nonsense
wrong "--port" collect --port 70000
wrong "--file" tree --file x --store y
wrong "cannot be used as a trace store" ls --store "$top/all.jsonl"
for command in collect ls show tree sql export import stats diff check rm; do
  try trace $command --help
  expect "trace $command --help" 0
  says "trace $command --help" out --json
done
collect --json
[[ $line == '{"url":"http://127.0.0.1:'* ]] || fail "collect --json: said '$line'"
stop_collecting

conclude
