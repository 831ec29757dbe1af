"""Constituency: binary trees over a sentence, with a label for every span."""

from .potentials import Potentials
from .structure import Constituency

__all__ = ["Constituency", "Potentials"]
