"""`python -m synjax_worker`: a worker process. Its configuration is the first line on stdin."""

import sys

from .worker.server import main

sys.exit(main())
