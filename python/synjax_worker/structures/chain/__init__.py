"""Chains: n positions with t states each."""

from .potentials import Potentials
from .structure import Chain

__all__ = ["Chain", "Potentials"]
