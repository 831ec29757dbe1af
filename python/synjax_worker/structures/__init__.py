"""The structures, one folder each: the passes over their potentials and the searches for their parts."""
