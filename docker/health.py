#!/usr/bin/env -S python -IS
"""Asks a container for its health, from inside of it: `synjax-health [HOST:]PORT PATH`. Status 0 where the answer is 200.

Of an address that listens on all interfaces the loopback one is asked.
"""

import http.client
import sys

ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
SECONDS = 4.0


def main(address: str, path: str) -> int:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        connection = http.client.HTTPConnection(ANY.get(host, host), int(port), timeout=SECONDS)
        connection.request("GET", path)
        answer = connection.getresponse()
        print(answer.status, answer.read(1_000).decode(errors="replace").strip())
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"{address}: {error}")
        return 1
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: synjax-health [HOST:]PORT PATH")
    sys.exit(main(*sys.argv[1:]))
