"""Chains: n nodes with t states each."""
