#!/bin/sh
# Starts a worker that serves the network: SYNJAX_TOKEN is what clients must say in their hello.
set -eu
if [ -z "${SYNJAX_TOKEN:-}" ]; then
  echo "synjax-serve: set SYNJAX_TOKEN; a worker that others can reach needs a token." >&2
  exit 2
fi
configuration=$(mktemp)
trap 'rm -f "$configuration"' EXIT
python - >"$configuration" <<'PYTHON'
import json, os

print(json.dumps({
    "address": f"tcp://{os.environ.get('SYNJAX_HOST', '0.0.0.0')}:{os.environ.get('SYNJAX_PORT', '5555')}",
    "token": os.environ["SYNJAX_TOKEN"],
    "device": os.environ.get("SYNJAX_DEVICE", "cpu"),
    "compilationCache": os.environ.get("SYNJAX_COMPILATION_CACHE"),
    "parentWatch": False,
}))
PYTHON
exec 3<"$configuration"
rm -f "$configuration"
unset SYNJAX_TOKEN
exec python -m synjax_worker <&3
