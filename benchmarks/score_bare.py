"""The least that scoring can cost: `make FILE ROWS VOCABULARY` writes ragged rows, `run MODEL FILE` prints how many of
them a second the jitted function takes that stand in memory, padded and in batches.
"""

import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 1024
WIDTHS = (16, 32, 64)


def make(path: str, rows: int, vocabulary: int) -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 41, rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    words = rng.integers(0, vocabulary, offsets[-1]).astype(np.int32)
    column = pa.ListArray.from_arrays(pa.array(offsets), pa.array(words))
    pq.write_table(pa.table({"sentence": column}), path, row_group_size=65_536)


def run(model: str, path: str) -> float:
    import jax

    from synjax_worker.files import load

    tag = jax.jit(load(model).functions["tag"])
    column = pq.read_table(path)["sentence"].combine_chunks()
    offsets, words = column.offsets.to_numpy(), column.values.to_numpy()
    lengths = np.diff(offsets)
    batches = []
    for width, least in zip(WIDTHS, (0, *WIDTHS), strict=False):
        rows = np.flatnonzero((lengths > least) & (lengths <= width))
        for some in np.array_split(rows[: len(rows) // BATCH * BATCH], max(1, len(rows) // BATCH)):
            places = offsets[some][:, None] + np.arange(width)
            within = np.arange(width) < lengths[some][:, None]
            batches.append(
                (
                    np.where(within, words[np.minimum(places, len(words) - 1)], 0),
                    lengths[some].astype(np.int32),
                )
            )
    batches = [batch for batch in batches if len(batch[0])]
    for shape in {batch[0].shape for batch in batches}:
        np.asarray(tag(np.zeros(shape, np.int32), np.ones(shape[0], np.int32)))
    began = time.perf_counter()
    for sentence, of in batches:
        np.asarray(tag(sentence, of))
    return sum(len(batch[0]) for batch in batches) / (time.perf_counter() - began)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        print(run(sys.argv[2], sys.argv[3]))
