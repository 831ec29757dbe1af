"""Distributions over structures, one class per file. Each class's docstring says what it models and what it costs."""

from .distribution import Distribution, Draws, TopK
from .hmm import HMM
from .linear_chain_crf import LinearChainCRF

__all__ = ["HMM", "Distribution", "Draws", "LinearChainCRF", "TopK"]
