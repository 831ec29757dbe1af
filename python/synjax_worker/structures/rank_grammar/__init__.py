"""Grammars whose rules are of low rank: sums over trees go through the ranks, and never make the rules."""

from .potentials import Potentials
from .structure import RankGrammar

__all__ = ["Potentials", "RankGrammar"]
