"""`python -m synjax_worker.registry` prints the registry as JSON."""

from . import load, to_text

print(to_text(load().document))
