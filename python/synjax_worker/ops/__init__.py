"""The array operations, one line each. Every module of this package is imported by `registry.load()`."""
