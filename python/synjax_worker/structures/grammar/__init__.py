"""Grammars: binary trees over a sentence by the rules of a context-free grammar."""

from .potentials import Potentials
from .structure import Grammar

__all__ = ["Grammar", "Potentials"]
