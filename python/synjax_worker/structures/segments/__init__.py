"""Segments: sequences of n positions cut into segments of at most m, each with one of t labels."""

from .events import labels_of_positions
from .potentials import Potentials, as_general
from .structure import Segments

__all__ = ["Potentials", "Segments", "as_general", "labels_of_positions"]
