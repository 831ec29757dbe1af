"""Projective trees: rooted trees over nodes on a line, no two arcs of which cross."""

from .structure import Projective as Projective
