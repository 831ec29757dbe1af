"""What trees cost, in process, beside the straightforward form and peers.

`npm run bench -- trees [family ...] [--quick]`: all families, or some; --quick leaves out the large sizes. Where
PEER_PYTHON names an environment that has them, SynJax and torch-struct stand beside.
"""

from __future__ import annotations

from cells import run
from growth import COMPACT, Growth
from summary import Bounds
from tree_cases import FAMILIES, scores

from synjax_worker.distributions import TreeCRF

GROWTHS = {
    "tree-crf": Growth(
        "Time against length: binary trees of n words with 4 labels",
        "length n",
        (16, 32, 64, 128, 256),
        3,
        lambda n: (TreeCRF, (scores(4, n, n, 4),)),
        COMPACT,
    ),
}


if __name__ == "__main__":
    run("trees", FAMILIES, GROWTHS, Bounds(over_plain=1, over_peers=8, draws=12))
