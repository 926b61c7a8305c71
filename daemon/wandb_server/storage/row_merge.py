"""Several segments of rows as one: blocks are copied as they are, small ones joined.

```
segment a  [ 512 rows ][ 512 ][ 7 ]      merged  [ 512 ][ 512 ][ 7 + 9 + … ]
segment b  [ 9 ]                                 copied        compressed anew
```
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wandb_server.storage.row_segment import (
    BLOCK_BYTES,
    BLOCK_ROWS,
    Integers,
    RowIndex,
    RowWriter,
    read_block,
    read_index,
)


@dataclass(frozen=True, slots=True)
class MergedRows:
    """What was written; `step` is of every row, NO_STEP included."""

    size_bytes: int
    step: Integers


def merge_rows(path: Path, sources: Sequence[Path]) -> MergedRows:
    """Write the rows of all sources, in this order, byte for byte.

    Raises:
        StorageDamaged: a source is not what was written.
    """
    indexes = [read_index(source) for source in sources]
    with path.open("wb") as file:
        joining = _Joining(RowWriter(file))
        for source, index in zip(sources, indexes, strict=True):
            joining.take(source, index)
        step = np.concatenate([index.step for index in indexes])
        size = joining.finish().finish(
            step,
            np.concatenate([index.row for index in indexes]),
            np.concatenate([index.size for index in indexes]),
        )
    return MergedRows(size, step)


class _Joining:
    """Passes blocks on; gathers small ones."""

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer
        self._texts: list[bytes] = []
        self._bytes = 0

    def take(self, source: Path, index: RowIndex) -> None:
        with source.open("rb") as file:
            for block in range(len(index.first) - 1):
                self._take_block(file.fileno(), source, index, block)

    def _take_block(
        self, descriptor: int, source: Path, index: RowIndex, block: int
    ) -> None:
        start, end = int(index.offsets[block]), int(index.offsets[block + 1])
        first, stop = int(index.first[block]), int(index.first[block + 1])
        size = int(index.size[first:stop].sum())
        if self._bytes + size > BLOCK_BYTES or len(self._texts) >= BLOCK_ROWS:
            self._flush()
        if stop - first >= BLOCK_ROWS // 2 or size >= BLOCK_BYTES // 2:
            self._flush()
            packed = os.pread(descriptor, end - start, start)
            self._writer.add_packed(packed, stop - first)
            return
        self._texts.extend(read_block(descriptor, source, index, block))
        self._bytes += size

    def finish(self) -> RowWriter:
        self._flush()
        return self._writer

    def _flush(self) -> None:
        if self._texts:
            self._writer.add(self._texts)
            self._texts, self._bytes = [], 0
