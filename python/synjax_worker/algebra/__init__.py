"""What the structures share: numbers of any range, guards, beams, and the loops over chains.

`numeric` and `scaled` are the arithmetic, `guard` takes the fast path where a certificate allows it, `log_matmul` is a
product of matrices under it, `topdown` holds the searches that walk a structure from its end, `chain` and `long_chain`
the passes over a line, `chain_walks` what is chosen on it, `chain_information` its entropies, `passes` the memo that
queries share.
"""
