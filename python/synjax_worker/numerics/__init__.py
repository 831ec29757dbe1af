"""Arithmetic that the structures share: numbers of any range, guards, log-matrix products, top-down searches."""
