"""`python -m synjax_worker`: a worker process. Its configuration is the first line on stdin.

`python -m synjax_worker serve` serves whoever may call, `keys` makes the keys for that: see `--help`.
`python -m synjax_worker inspect FILE` says what a file of programs holds, `score MODEL IN OUT` runs one over rows.
`python -m synjax_worker plugins NAME` says what a plugin declares.
"""

import gc
import os
import sys


def run() -> int:
    # What a process loads at its start stays: to look for garbage in it takes a tenth of the start.
    gc.disable()
    # XLA calls OpenBLAS from threads of its own. Threads of OpenBLAS beside them make a call a hundred times slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from .worker.parent import end_with_command

    end_with_command()
    if sys.argv[1:2] == ["inspect"]:
        from .files.command import main as files_command

        return files_command(sys.argv[1:])
    if sys.argv[1:2] == ["score"]:
        from .score.command import main as score_command

        return score_command(sys.argv[1:])
    if sys.argv[1:2] == ["plugins"]:
        from .plugin.command import main as plugins_command

        return plugins_command(sys.argv[1:])
    if sys.argv[1:]:
        from .worker.command import main as command

        return command(sys.argv[1:])
    from .worker.process import main

    return main()


sys.exit(run())
