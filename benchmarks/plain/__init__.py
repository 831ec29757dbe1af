"""The literature's straightforward forms of each query: what one would write in JAX without this package."""
