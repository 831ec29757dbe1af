"""Trees that are given by the head of every node: what spanning trees, projective or not, share."""

from .events import symmetric as symmetric
from .potentials import Potentials as Potentials
