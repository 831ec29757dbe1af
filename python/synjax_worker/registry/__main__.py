"""`python -m synjax_worker.registry` prints the registry as JSON; with names of modules, an entry for each of their
classes.
"""

import json
import sys

from . import describe, distributions_of, load, to_text

if sys.argv[1:]:
    print(json.dumps({"distributions": [describe(cls) for cls in distributions_of(sys.argv[1:])]}))
else:
    print(to_text(load().document))
