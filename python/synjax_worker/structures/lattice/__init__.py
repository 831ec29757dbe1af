"""Lattices: monotone paths through steps of cells. Alignments of two sequences, and of labels to frames."""

from .alignments import Alignments, Potentials
from .general_alignments import GeneralAlignments, MovePotentials, enters
from .labellings import Labellings, states_of_symbols
from .prefix_beam import prefix_beam

__all__ = [
    "Alignments",
    "GeneralAlignments",
    "Labellings",
    "MovePotentials",
    "Potentials",
    "enters",
    "prefix_beam",
    "states_of_symbols",
]
