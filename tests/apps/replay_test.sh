#!/usr/bin/env bash
# skein run --record and --replay: the same without server, key and network.
source "$(dirname "$0")/check.sh"
export LC_ALL=C.UTF-8

cat >"$top/script.json" <<'END'
{"fixtures": [
  {"match": {"hasToolResult": true}, "response": {"content": "It is 3.5 degrees."}},
  {"match": {"toolName": "get_weather"}, "response": {"toolCalls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}},
  {"match": {"userMessage": "cut"}, "response": {"content": "This is never said to the end."}, "chunkSize": 4, "fault": {"kind": "cut", "at": 900}},
  {"match": {}, "response": {"chunks": ["Hello", ", ", "world"]}}
]}
END
serve --script "$top/script.json"
export OPENAI_API_KEY=sk-canary-0123456789

# record NAME ARGUMENT...: records a run; keeps what it said, and its tree
record() {
  local name=$1
  shift
  try run "$@" --base-url "$url" --trace tree --record "$top/$name.cassette"
  recorded=$status
  cp "$top/out" "$top/$name.out"
  names_of_tree "$top/err" >"$top/$name.tree"
  grep '^error: ' "$top/err" >"$top/$name.error"
  ! grep -q canary "$top/$name.cassette" || fail "$name: the key is in the cassette"
}
# replay NAME ARGUMENT...: the same again, with nothing to talk to
replay() {
  local name=$1
  shift
  try run "$@" --base-url "$url" --trace tree --replay "$top/$name.cassette"
  expect "$name, replayed" "$recorded"
  same "$name, replayed" "$top/out" <"$top/$name.out"
  names_of_tree "$top/err" >"$top/names"
  same "$name, tree" "$top/names" <"$top/$name.tree"
  grep '^error: ' "$top/err" >"$top/error"
  same "$name, error" "$top/error" <"$top/$name.error"
}

record text "Hi"
expect "text" 0
record tools "Weather?" --demo-tools
expect "tools" 0
[ "$(wc -l <"$top/tools.tree")" = 4 ] || fail "tools: should have four spans"
tools=$recorded
record whole "Hi" --no-stream
record cut "cut me"
expect "cut" 1
says "cut" err connection_closed

stop_serving
unset OPENAI_API_KEY
for name in text whole; do
  recorded=0
  [ $name = text ] && how=() || how=(--no-stream)
  replay $name "Hi" "${how[@]}"
done
recorded=$tools
replay tools "Weather?" --demo-tools
recorded=1
replay cut "cut me"
grep -q '"end":"failed"' "$top/cut.cassette" || fail "cut: the cassette should say that it failed"

# Without a server named, it would be OpenAI's, which is another one than was recorded.
try run "Hi" --replay "$top/text.cassette"
expect "other server" 1
says "other server" err "differs from exchange 1"
says "other server" err "at url: recorded"

try run "Hello" --base-url "$url" --replay "$top/text.cassette"
expect "other prompt" 1
one_error "other prompt"
says "other prompt" err 'at $.messages[0].content: recorded "Hi", now "Hello"'
[ ! -s "$top/out" ] || fail "other prompt: nothing should be answered"

try run "Hi" --base-url "$url" --system "Be brief" --replay "$top/text.cassette"
expect "other instructions" 1
says "other instructions" err 'at $.messages[0]'

# What was recorded and not asked for again.
cat "$top/text.cassette" <(sed '1d; s/"exchange":1/"exchange":2/' "$top/tools.cassette") >"$top/more.cassette"
try run "Hi" --base-url "$url" --replay "$top/more.cassette"
expect "unused" 1
one_error "unused"
says "unused" err "2 of the 3 exchanges"

try run "Hi" --replay "$top/none"
expect "no cassette" 2
one_error "no cassette"
try run "Hi" --replay "$top/script.json"
expect "not a cassette" 2
one_error "not a cassette"
try run "Hi" --base-url "$url" --record "$top/no/such/folder/file"
expect "cannot be recorded" 2
one_error "cannot be recorded"
try run "Hi" --record "$top/x" --replay "$top/x"
expect "both" 2

conclude
