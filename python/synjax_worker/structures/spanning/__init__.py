"""Spanning trees whose arcs may cross, directed or not."""

from .structure import Spanning as Spanning
