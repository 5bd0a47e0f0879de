#!/usr/bin/env bash
# The spans that the agent's tests make, in every mode, and those of every provider's answers: skein
# trace check finds nothing in them but what the tests do on purpose.
# Usage: recordings_test.sh PROGRAM TEST_AGENT TEST_PROVIDERS
source "$(dirname "$0")/check.sh"

mkdir "$top/recorded"
export SKEIN_RECORD_SPANS=$top/recorded
"$2" --gtest_brief=1 >"$top/out" 2>"$top/err" || fail "the agent's tests themselves"
"$3" --gtest_brief=1 --gtest_filter='*provider_spans*' >"$top/out" 2>"$top/err" || fail "the providers' tests themselves"
for protocol in anthropic gemini ollama openai_chat openai_responses; do
  [ -s "$top/recorded/of_provider_spans.are_right_however_an_answer_ends_$protocol.jsonl" ] || fail "no recording of $protocol"
done
unset SKEIN_RECORD_SPANS
files=("$top"/recorded/*.jsonl)
[ ${#files[@]} -ge 50 ] || fail "only ${#files[@]} tests made a recording"
for file in "${files[@]}"; do
  name=$(basename "$file" .jsonl)
  "$skein" trace check "$file" --content-allowed >"$top/found" 2>"$top/err" || :
  [ ! -s "$top/err" ] || { cat "$top/err"; fail "$name: could not be read"; }
  # The tests' own provider is no well-known one.
  sed -nE "s/^(error|warning|note): ([a-z_]+)$/$name \\2/p" "$top/found" | grep -v ' unknown_provider$'
done >"$top/findings"
sed -E '/^(#|$)/d; s/ *#.*//' "$(dirname "$0")/recordings.allowed" >"$top/all"
sed -n 's/^? //p' "$top/all" >"$top/optional"
grep -v '^?' "$top/all" | sort >"$top/allowed"
{ grep -vxFf "$top/optional" "$top/findings" || :; } | sort | diff "$top/allowed" - >"$top/diff" || { cat "$top/diff"; fail "findings (>) and those allowed (<) differ"; }

conclude
