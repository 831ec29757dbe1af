"""Segments of sequences: one label each, of at most m positions."""
