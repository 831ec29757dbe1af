#!/bin/sh
# The worker's other commands: docker run --rm --entrypoint synjax … keys /keys --client web
exec python -m synjax_worker "$@"
