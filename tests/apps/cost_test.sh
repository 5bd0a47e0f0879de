#!/usr/bin/env bash
# skein trace: what runs cost, in the list of traces, in a tree, in the details and in the statistics;
# of a file and of a store.
source "$(dirname "$0")/check.sh"
export LC_ALL=C.UTF-8 XDG_DATA_HOME="$top/data"

text() { printf '{"key":"%s","value":{"stringValue":"%s"}}' "$1" "$2"; }
whole() { printf '{"key":"%s","value":{"intValue":"%s"}}' "$1" "$2"; }
price() { printf '{"key":"skein.usage.cost","value":{"doubleValue":%s}}' "$1"; }
# span TRACE ID PARENT NAME ATTRIBUTE...: one millisecond for each
span() {
  local trace=$1 id=$2 parent=$3 name=$4 start=$((2 * $1))
  shift 4
  printf '{"traceId":"%032d","spanId":"%016d",' "$trace" "$id"
  [ "$parent" = 0 ] || printf '"parentSpanId":"%016d",' "$parent"
  printf '"name":"%s","kind":3,"startTimeUnixNano":"%d000000000","endTimeUnixNano":"%d001000000","attributes":[' \
    "$name" "$start" "$start"
  local IFS=,
  printf '%s]}' "$*"
}
call() { # TRACE ID PARENT IN OUT [COST]
  span "$1" "$2" "$3" "chat m" "$(text gen_ai.operation.name chat)" "$(text gen_ai.request.model m)" \
    "$(whole gen_ai.usage.input_tokens "$4")" "$(whole gen_ai.usage.output_tokens "$5")" ${6:+"$(price "$6")"}
}
agent() { # TRACE IN OUT [COST]: it repeats what its calls used
  span "$1" 1 0 "invoke_agent a$1" "$(text gen_ai.operation.name invoke_agent)" "$(text gen_ai.agent.name a)" \
    "$(whole gen_ai.usage.input_tokens "$2")" "$(whole gen_ai.usage.output_tokens "$3")" ${4:+"$(price "$4")"}
}
{
  printf '{"resourceSpans":[{"scopeSpans":[{"spans":['
  printf '%s,%s,%s,' "$(agent 1 30 60 0.0015)" "$(call 1 2 1 10 20 0.0005)" "$(call 1 3 1 20 40 0.001)"
  printf '%s,%s,%s,' "$(agent 2 30 60)" "$(call 2 2 1 10 20 0.25)" "$(call 2 3 1 20 40)"
  printf '%s,%s,' "$(agent 3 10 20)" "$(call 3 2 1 10 20)"
  printf '%s]}]}]}\n' "$(span 4 1 0 "execute_tool t" "$(text gen_ai.operation.name execute_tool)" "$(text gen_ai.tool.name t)")"
} >"$top/costs.json"
try trace import "$top/costs.json"
expect import 0

for from in "" "$top/costs.json"; do
  name="of ${from:-a store}"
  # shellcheck disable=SC2086
  try trace ls $from
  expect "ls $name" 0
  same "ls $name" "$top/out" <<'END'
trace     started (UTC)             took  spans  errors           tokens        cost  name
00000000  1970-01-01 00:00:08     1.0 ms      1       0            0 > 0           -  execute_tool t
00000000  1970-01-01 00:00:06     1.0 ms      2       0          10 > 20           ?  invoke_agent a3
00000000  1970-01-01 00:00:04     1.0 ms      3       0          30 > 60      $0.25+  invoke_agent a2
00000000  1970-01-01 00:00:02     1.0 ms      3       0          30 > 60     $0.0015  invoke_agent a1
END
  # shellcheck disable=SC2086
  try trace ls --json $from
  for costs in '"known_cost":0.0015,"unpriced_spans":0' '"known_cost":0.25,"unpriced_spans":1' \
    '"known_cost":0.0,"unpriced_spans":1' '"known_cost":0.0,"unpriced_spans":0'; do
    says "ls --json $name" out "$costs"
  done
  # shellcheck disable=SC2086
  try trace stats $from
  expect "stats $name" 0
  # Costs of the agents are those of their calls: not in the sum again.
  sed 's/  */ /g' "$top/out" >"$top/stats"
  same "stats $name" "$top/stats" <<'END'
4 traces, 9 spans, 0 errors, 70 tokens in, 140 out, cost $0.2515+

what spans errors median p95 longest tokens in out cost
chat m 5 0 1.0 ms 1.0 ms 1.0 ms 70 140 $0.2515+
invoke_agent a 3 0 1.0 ms 1.0 ms 1.0 ms 70 140 $0.0015+
execute_tool t 1 0 1.0 ms 1.0 ms 1.0 ms 0 0 -
END
  # shellcheck disable=SC2086
  try trace stats --json $from
  says "stats --json $name" out '"known_cost":0.2515,"unpriced_spans":2,"rows"'
done

try trace tree "$(printf %032d 1)" --no-times
same tree "$top/out" <<'END'
invoke_agent a1  30→60 tokens  $0.0015
├─ chat m  10→20 tokens  $0.0005
└─ chat m  20→40 tokens  $0.001
END
try trace tree "$(printf %032d 1)" --json
says "tree --json" out '"cost":0.0015'
try trace show "$(printf %032d 1)"
says show out "skein.usage.cost: 0.0005"

conclude
