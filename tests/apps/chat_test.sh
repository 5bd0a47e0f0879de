#!/usr/bin/env bash
# skein chat through pipes: a session, errors, and Ctrl-C.
source "$(dirname "$0")/check.sh"

cat >"$top/script.json" <<'END'
{"fixtures": [
  {"match": {"userMessage": "fail"}, "response": {"error": {"message": "no luck"}, "status": 400}},
  {"match": {"userMessage": "slowly"}, "response": {"content": "one two three four five six seven eight"}, "chunkSize": 4, "fault": {"kind": "stall", "at": 900}},
  {"match": {"turnIndex": 0}, "response": {"content": "first"}},
  {"match": {"turnIndex": 1}, "response": {"content": "second"}},
  {"match": {"turnIndex": 2}, "response": {"content": "third"}}
]}
END
serve --script "$top/script.json"

# The model sees what was said before: its turns count up, until /clear.
try chat --base-url "$url" <<'END'
a

b
/clear
c
/exit
d
END
expect session 0
printf 'first\nsecond\nfirst\n' | same session "$top/out"
[ ! -s "$top/err" ] || fail "session: nothing belongs on stderr that is no terminal"

printf 'a\nb' >"$top/lines"
try chat --base-url "$url" --no-stream <"$top/lines"
expect "a file without a last newline" 0
printf 'first\nsecond\n' | same "a file without a last newline" "$top/out"

try chat --base-url "$url" </dev/null
expect "no input" 0

# An answer that fails does not end the conversation.
try chat --base-url "$url" --trace tree <<'END'
a
fail
b
END
expect "a failed answer" 1
printf 'first\nsecond\n' | same "a failed answer" "$top/out"
[ "$(grep -c '^error: .*no luck' "$top/err")" = 1 ] || fail "a failed answer: should be told in one line"
[ "$(grep -c 'invoke_agent skein' "$top/err")" = 3 ] || fail "a failed answer: should have three trees"

# Ctrl-C stops an answer, not the program; twice while idle ends it.
mkfifo "$top/to" "$top/from"
"$skein" chat --base-url "$url" --trace tree <"$top/to" >"$top/from" 2>"$top/err" &
chat=$!
exec {to_chat}>"$top/to" {from_chat}<"$top/from"
echo slowly >&"$to_chat"
read -r -d ' ' -u "$from_chat" word
[ "$word" = one ] || fail "Ctrl-C: should have begun with one, not '$word'"
kill -INT $chat
read -r -u "$from_chat" word  # the rest of the line that was left
echo a >&"$to_chat"  # what was cut is not remembered
read -r -u "$from_chat" word
[ "$word" = first ] || fail "Ctrl-C: should have gone on with first, not '$word'"
[ -d /proc/$chat ] || fail "Ctrl-C ended the program"
echo /exit >&"$to_chat"
wait $chat
status=$?
exec {to_chat}>&- {from_chat}<&-
expect "Ctrl-C in an answer" 0
says "Ctrl-C in an answer" err "cancelled"

stop_serving
conclude
