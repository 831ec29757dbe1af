"""Scoring files of rows with a saved function: the command `score`."""
