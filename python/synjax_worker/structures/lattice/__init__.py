"""Lattices: monotone paths through steps of cells. Alignments of two sequences, and of labels to frames."""

from .alignments import Alignments, Potentials

__all__ = ["Alignments", "Potentials"]
