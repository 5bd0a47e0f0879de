#!/usr/bin/env bash
# Help, versions and what a wrong command line gets.
source "$(dirname "$0")/check.sh"

try --version
expect version 0
grep -qE '^skein [0-9]+\.[0-9]+\.[0-9]+$' "$top/out" || fail "version: not a version"

try --help
expect help 0
for word in demo run chat models model-server trace "Exit codes" 130; do says help out "$word"; done
[ ! -s "$top/err" ] || fail "help: nothing belongs on stderr"
for command in demo run chat models model-server trace; do
  try "$command" --help
  expect "$command --help" 0
  says "$command --help" out --help
done

# wrong STATUS TEXT ARGUMENT...
wrong() {
  local expected=$1 text=$2
  shift 2
  try "$@" </dev/null
  expect "skein $*" "$expected"
  one_error "skein $*"
  says "skein $*" err "$text"
  [ ! -s "$top/out" ] || fail "skein $*: nothing belongs on stdout"
}
wrong 2 "see skein --help"
wrong 2 "--nonsense" demo --nonsense
wrong 2 "see skein demo --help" demo --nonsense
wrong 2 "nonsense" nonsense
wrong 2 "--fault" demo --fault nonsense
wrong 2 "rate-limit" demo --fault nonsense
wrong 2 "--fault" demo --fault cut:x
wrong 2 "--abandon-after" demo --abandon-after x
wrong 2 "--blocking" demo --blocking --abandon-after 3
wrong 2 "--otlp" demo --otlp-protocol grpc
wrong 2 "PROMPT" run
wrong 2 "PROVIDER:MODEL" run hello --model gpt-5-mini --base-url http://127.0.0.1:1/v1
wrong 2 "the providers are openai, " run hello --model nonsense:m
wrong 2 "names no model" run hello --model openai:
wrong 2 "names no server" run hello --model compat:m
wrong 2 "export GROQ_API_KEY" run hello --model groq:m
wrong 2 "base URL" run hello --base-url nonsense
wrong 2 "prompt is empty" run - --base-url http://127.0.0.1:1/v1
wrong 2 "--max-tokens" run hello --max-tokens 0
wrong 2 "nothere" model-server --script "$top/nothere.json"
echo '{"fixtures": [{"match": {"userMesage": "x"}, "response": {"content": "y"}}]}' >"$top/bad.json"
wrong 2 "userMesage" model-server --script "$top/bad.json"
wrong 2 "--port" model-server --port 70000

# No key and no server: three ways to go on.
for command in "run hello" chat; do
  # shellcheck disable=SC2086
  wrong 2 "export OPENAI_API_KEY" $command
  says "$command" err --base-url
  says "$command" err "skein model-server"
  says "$command" err "skein demo"
done

# A server that is not there is the run's failure, not the user's.
wrong 1 "127.0.0.1:1" run hello --base-url http://127.0.0.1:1/v1
wrong 1 "" model-server --host 192.0.2.1

conclude
