"""Files of tables: rows of Parquet, Arrow IPC or JSON Lines in, rows out. Needs pyarrow (`synjax_worker[batch]`), which
only this package imports.
"""
