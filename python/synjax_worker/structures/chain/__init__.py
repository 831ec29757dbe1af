"""Chains: n positions with t states each."""

from .passes import Potentials
from .structure import Chain

__all__ = ["Chain", "Potentials"]
