"""What alignments, CTC and segmentations cost, in process, beside the literature's straightforward forms and peers.

`npm run bench -- lines [family ...] [--quick]`: all families, or some; --quick leaves out the large sizes. Where
PEER_PYTHON names an environment that has them, SynJax, optax, torch, torch-struct and scipy stand beside.
"""

from __future__ import annotations

from cases import FAMILIES
from cells import run
from growth import GROWTHS
from summary import Bounds

if __name__ == "__main__":
    run("lines", FAMILIES, GROWTHS, Bounds(over_plain=4, over_peers=4, draws=10))
