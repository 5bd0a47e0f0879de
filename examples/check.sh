#!/usr/bin/env bash
# Runs an example against a model server and compares what it prints.
# Usage: examples/check.sh SKEIN EXAMPLE FOLDER
#   FOLDER holds model.json, expected_output.txt and expected_trace.txt; times and bars of the trace are
#   not compared.
set -euo pipefail
skein=$1 example=$2 folder=$3
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :; rm -rf "$scratch"' EXIT

mkfifo "$scratch/says"
"$skein" model-server --script "$folder/model.json" >"$scratch/says" 2>&1 &
server=$!
exec 3<"$scratch/says"
url=
while [ -z "$url" ] && read -r -t 20 line <&3; do url=$(grep -o 'http://[^ ]*' <<<"$line" || :); done
[ -n "$url" ] || { echo "the model server did not say its URL" >&2; exit 1; }

env -u OTEL_TRACES_EXPORTER OPENAI_API_KEY=any OPENAI_BASE_URL="$url" "$example" >"$scratch/output" 2>"$scratch/trace" || {
  echo "$example failed with $?:" >&2
  cat "$scratch/output" "$scratch/trace" >&2
  exit 1
}
diff -u "$folder/expected_output.txt" "$scratch/output"
plain() { sed -E 's/[0-9.]+ (ns|µs|ms|s)\b/TIME/g; s/█+/ /g; s/ +/ /g; s/ +$//; /^$/d' "$1"; }
diff -u <(plain "$folder/expected_trace.txt") <(plain "$scratch/trace")
