"""`python -m synjax_worker`: a worker process. Its configuration is the first line on stdin."""

import sys

from .worker.process import main

sys.exit(main())
