#!/usr/bin/env bash
# skein demo --fault: whatever the model's server does, the laws hold.
source "$(dirname "$0")/check.sh"

# KIND, then how a streaming and a blocking run end
while read -r kind streaming blocking; do
  try demo --fault "$kind"
  expect "$kind" 0
  says "$kind" out "outcome: ${streaming//_/ }"
  says "$kind" out "tree: right"
  try demo --fault "$kind" --blocking
  expect "$kind, blocking" 0
  says "$kind, blocking" out "outcome: ${blocking//_/ }"
  says "$kind, blocking" out "tree: right"
done <<'END'
cut error_connection error_connection
cut:0 error_connection error_connection
stall error_timeout error_timeout
slow ok ok
malformed error_malformed error_malformed
rate-limit error_429 error_429
server-error error_500 error_500
reset error_connection error_connection
no-done ok ok
error-event error_server ok
END

conclude
