"""Inference in probabilistic programs: NumPyro's, over programs whose random variables are ops."""
