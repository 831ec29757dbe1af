"""Programs and their interpreter."""
