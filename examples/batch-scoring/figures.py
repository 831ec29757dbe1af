"""Runs a command that scores, and says what it took: `figures.py synjax score …`. Ends as the command does."""

import json
import resource
import subprocess
import sys
import time

began = time.monotonic()
with subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True) as command:
    last = ""
    for line in command.stderr:
        if line.startswith("{"):
            last = line
        else:
            print(line, end="", file=sys.stderr)
seconds = time.monotonic() - began
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
if last:
    done = json.loads(last)
    print(
        f"{done['rows']:,} rows, {done['failed']:,} failed, in {seconds:.1f} s with the start: "
        f"{done['rows'] / seconds:,.0f} rows a second; at most {peak / 2**20:,.0f} MiB resident"
    )
sys.exit(command.returncode)
