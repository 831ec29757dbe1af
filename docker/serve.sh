#!/bin/sh
# Serves with what the image was made for; arguments come after, and may say otherwise.
set -eu
exec python -m synjax_worker serve \
  --listen "${SYNJAX_LISTEN:-tcp://0.0.0.0:${SYNJAX_PORT:-5555}}" \
  --device "${SYNJAX_DEVICE:-cpu}" \
  ${SYNJAX_KEYS:+--keys "$SYNJAX_KEYS"} \
  ${SYNJAX_METRICS:+--metrics "$SYNJAX_METRICS"} \
  ${SYNJAX_COMPILATION_CACHE:+--compilation-cache "$SYNJAX_COMPILATION_CACHE"} \
  "$@"
