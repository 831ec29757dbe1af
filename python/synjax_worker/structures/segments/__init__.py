"""Segments: sequences of n positions cut into segments of at most m, each with one of t labels."""

from .potentials import Potentials, as_general
from .structure import Segments

__all__ = ["Potentials", "Segments", "as_general"]
