"""Lattices: monotone paths through steps of cells. Alignments of two sequences, and of labels to frames."""

from .alignments import Alignments, Potentials
from .general_alignments import GeneralAlignments, MovePotentials, enters

__all__ = ["Alignments", "GeneralAlignments", "MovePotentials", "Potentials", "enters"]
