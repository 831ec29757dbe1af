"""One-to-one alignments of the rows and columns of a table: matchings of the largest possible size."""

from .potentials import Potentials
from .structure import Assignment

__all__ = ["Assignment", "Potentials"]
