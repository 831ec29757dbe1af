"""`python -m synjax_worker`: a worker process. Its configuration is the first line on stdin."""

import gc
import sys


def run() -> int:
    # What a process loads at its start stays: to look for garbage in it takes a tenth of the start.
    gc.disable()
    from .worker.process import main

    return main()


sys.exit(run())
