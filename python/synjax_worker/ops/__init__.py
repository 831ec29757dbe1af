"""The array operations, one line each. `registry.load()` imports every module of this package."""
