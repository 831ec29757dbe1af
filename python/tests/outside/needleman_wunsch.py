"""Writes needleman_wunsch.json: scores of best global alignments and how many there are, as Biopython finds them.

    python tests/outside/needleman_wunsch.py    # with any Python that has biopython

Residues score as BLOSUM50 says and a gap -8 for each residue, as in Durbin, Eddy, Krogh & Mitchison (1998), "Biological
sequence analysis", section 2.3, whose example comes first. Biopython counts paths: two alignments are two where a gap
in one sequence comes before or after one in the other.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import Bio
from Bio.Align import PairwiseAligner, substitution_matrices

GAP = -8
RESIDUES = "ARNDCQEGHILKMFPSTWYV"
LONGEST = 30

# What is repeated has many alignments that are equally good.
CHOSEN = [
    ("HEAGAWGHEE", "PAWHEAE"),
    ("A", "W"),
    ("GGGGGGGGGG", "GGGG"),
    ("HEAGHEAGHEAGHEAG", "HEAGHEAG"),
    ("PPPPPPWWWWWW", "WWWWWWPPPPPP"),
    ("GAWGHEEGAWGHEEGAWGHEEGAWGHEE", "GEEGEE"),
]


def drawn(count: int) -> list[tuple[str, str]]:
    rng = random.Random(0)
    word = lambda: "".join(rng.choice(RESIDUES) for _ in range(rng.randint(1, LONGEST)))
    return [(word(), word()) for _ in range(count)]


if __name__ == "__main__":
    matrix = substitution_matrices.load("BLOSUM50")
    aligner = PairwiseAligner(mode="global", substitution_matrix=matrix, gap_score=GAP)
    pairs = []
    for first, second in [*CHOSEN, *drawn(26)]:
        best = aligner.align(first, second)
        pairs.append({"first": first, "second": second, "score": int(best.score), "count": len(best)})
    scores = {a: [int(matrix[a][b]) for b in RESIDUES] for a in RESIDUES}
    lines = [
        f' "biopython": {json.dumps(Bio.__version__)},',
        f' "gap": {GAP},',
        f' "residues": {json.dumps(RESIDUES)},',
        ' "blosum50": {\n' + ",\n".join(f'  "{a}": {json.dumps(scores[a])}' for a in RESIDUES) + "\n },",
        ' "pairs": [\n' + ",\n".join(f"  {json.dumps(pair)}" for pair in pairs) + "\n ]",
    ]
    Path(__file__).with_suffix(".json").write_text("\n".join(itertools.chain("{", lines, "}")) + "\n")
