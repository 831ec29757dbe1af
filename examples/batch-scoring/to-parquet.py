"""A file of Arrow as Parquet: `to-parquet.py IN OUT`."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq

with pa.OSFile(sys.argv[1]) as source:
    pq.write_table(pa.ipc.open_file(source).read_all(), sys.argv[2], row_group_size=16_384)
