"""What trees cost, in process, beside the straightforward form and peers.

`npm run bench -- trees [family ...] [--quick]`: all families, or some; --quick leaves out the large sizes. Where
PEER_PYTHON names an environment that has them, SynJax and torch-struct stand beside.
"""

from __future__ import annotations

import functools

from cells import run
from growth import COMPACT, Growth
from summary import Bounds
from tree_cases import FAMILIES, grammar, scores
from tree_forms import measure_forms

from synjax_worker.distributions import GeneralizedPCFG, SpanningTreeCRF, TreeCRF


def dependencies(n: int, projective: bool) -> tuple:
    options = {"directed": True, "projective": projective, "single_root_edge": True}
    return functools.partial(SpanningTreeCRF, **options), (scores(4, n, n),)


def parses(n: int) -> tuple:
    make = lambda scores, root, rule: GeneralizedPCFG(preterminal_scores=scores, root=root, rule=rule)
    return make, tuple(x[0] for x in grammar(4, 1, n))


GROWTHS = {
    "tree-crf": Growth(
        "Time against length: binary trees of n words with 4 labels",
        "length n",
        (16, 32, 64, 128, 256),
        3,
        lambda n: (TreeCRF, (scores(4, n, n, 4),)),
        COMPACT,
    ),
    "projective": Growth(
        "Time against length: projective dependency trees of n nodes",
        "nodes n",
        (16, 32, 64, 128),
        3,
        lambda n: dependencies(n, True),
        COMPACT,
    ),
    "non-projective": Growth(
        "Time against size: spanning trees of n nodes",
        "nodes n",
        (16, 32, 64, 128),
        3,
        lambda n: dependencies(n, False),
        COMPACT,
    ),
    "pcfg": Growth(
        "Time against length: a grammar's trees of n words, 12 nonterminals and 24 preterminals",
        "length n",
        (8, 16, 32, 64),
        3,
        parses,
        COMPACT,
    ),
}


if __name__ == "__main__":
    # Where arcs may cross, a determinant in short floats is what there is to compare with
    beside_lu = {("non-projective", "log_partition"): 1.5, ("non-projective", "gradient"): 2.0}
    bounds = Bounds(over_plain=1, over_peers=8, draws=12, slower_than_plain=beside_lu)
    run("trees", FAMILIES, GROWTHS, bounds, measure_forms)
