"""Distributions that NumPyro has: made, asked, checked, and taken apart along their batch.

A value of a program is NumPyro's own object, so that all of NumPyro works on it. What JAX takes apart (a row of a
map, what is differentiated) is its `Parts`: NumPyro keeps the batch shape beside the parameters, and there it is wrong.
"""

from .parts import Parts, is_simple, parts_of, whole

__all__ = ["Parts", "is_simple", "parts_of", "whole"]
