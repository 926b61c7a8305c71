"""Rows of a segment, byte-exact: blocks of JSON lines, each compressed by itself.

```
┌──────────┬─────────┬─────────┬───┬───────┬──────────────┬────────────┐
│ WBROWS01 │ block 0 │ block 1 │ … │ index │ index length │ WBROWS01   │
└──────────┴─────────┴─────────┴───┴───────┴──────── u64 LE ┴────────────┘
block   zstd( line \\n line \\n … )      at most BLOCK_ROWS lines, BLOCK_BYTES (but one)
index   zstd( u64 block count, u64 row count,
              u64[blocks + 1] offsets of the blocks in the file (the last: their end),
              u64[blocks + 1] first row of each block (the last: row count),
              i64[rows] step, i64[rows] row number, u32[rows] bytes of the line )
```

- Any row is read by decompressing one block; a scan decompresses each once.
- The index alone answers which rows lie in a range of steps.
- Every frame carries a checksum: damage is reported, never returned as rows.
- Lines may contain any byte, also a newline: their lengths are in the index.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import zstandard

from wandb_server.errors import StorageDamaged

MAGIC = b"WBROWS01"
BLOCK_ROWS = 512
BLOCK_BYTES = 1024 * 1024
LEVEL = 3
_TAIL = struct.Struct("<Q8s")
_HEAD = struct.Struct("<QQ")
NO_STEP = -(2**63)
"""The step of a line that is no JSON object."""

Integers = npt.NDArray[np.int64]
Sizes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Where every row of a segment lies."""

    offsets: Integers
    first: Integers
    step: Integers
    row: Integers
    size: Sizes

    @property
    def bytes_in_memory(self) -> int:
        """Of all columns."""
        return sum(getattr(self, name).nbytes for name in self.__slots__)


def write_rows(
    path: Path, steps: Integers, rows: Integers, texts: Sequence[bytes]
) -> int:
    """Write a new file; its size."""
    with path.open("wb") as file:
        writer = RowWriter(file)
        for block in _blocks(texts):
            writer.add(texts[block.start : block.stop])
        return writer.finish(
            steps,
            rows,
            np.array([len(text) for text in texts], np.uint32),
        )


class RowWriter:
    """Writes a segment block by block into a file that is empty."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._compress = compressor.compress
        file.write(MAGIC)
        self._offsets, self._first = [len(MAGIC)], [0]

    def add(self, texts: Sequence[bytes]) -> None:
        """The next block."""
        self.add_packed(self._compress(b"\n".join([*texts, b""])), len(texts))

    def add_packed(self, packed: bytes, row_count: int) -> None:
        """The next block as it lies in another segment."""
        self._file.write(packed)
        self._offsets.append(self._offsets[-1] + len(packed))
        self._first.append(self._first[-1] + row_count)

    def finish(self, step: Integers, row: Integers, size: Sizes) -> int:
        """Write the index of all rows; the size of the file."""
        assert len(step) == len(row) == len(size) == self._first[-1]
        index = b"".join(
            (
                _HEAD.pack(len(self._first) - 1, len(step)),
                np.array(self._offsets, "<i8").tobytes(),
                np.array(self._first, "<i8").tobytes(),
                step.astype("<i8").tobytes(),
                row.astype("<i8").tobytes(),
                size.astype("<u4").tobytes(),
            )
        )
        packed = self._compress(index)
        self._file.write(packed + _TAIL.pack(len(packed), MAGIC))
        return self._offsets[-1] + len(packed) + _TAIL.size


def read_index(path: Path) -> RowIndex:
    """The index of a file.

    Raises:
        StorageDamaged: it is not what `write_rows` wrote.
    """
    try:
        with path.open("rb") as file:
            file.seek(-_TAIL.size, 2)
            end = file.tell()
            size, magic = _TAIL.unpack(file.read(_TAIL.size))
            if magic != MAGIC or size > end:
                raise ValueError("no index at the end")
            file.seek(end - size)
            return _unpack(zstandard.ZstdDecompressor().decompress(file.read(size)))
    except (OSError, ValueError, struct.error, zstandard.ZstdError) as error:
        raise StorageDamaged(str(error), place=path.name) from error


def read_rows(path: Path, index: RowIndex, wanted: Integers) -> list[bytes]:
    """The texts of these rows (ordinals in the segment, ascending).

    Raises:
        StorageDamaged: a block is not what was written.
    """
    if not len(wanted):
        return []
    blocks = np.searchsorted(index.first, wanted, side="right") - 1
    found: list[bytes] = []
    with path.open("rb") as file:
        for block in np.unique(blocks):
            texts = read_block(file.fileno(), path, index, int(block))
            first = int(index.first[block])
            found.extend(texts[int(at) - first] for at in wanted[blocks == block])
    return found


def iterate_blocks(path: Path, index: RowIndex) -> Iterator[list[bytes]]:
    """All texts in order, a block at a time."""
    with path.open("rb") as file:
        for block in range(len(index.first) - 1):
            yield read_block(file.fileno(), path, index, block)


def iterate_readable(
    path: Path, index: RowIndex
) -> Iterator[tuple[slice, list[bytes]]]:
    """Where blocks are among the rows, and their texts; those without any step, and
    those that `readable_index` gave up, are left out.
    """
    with path.open("rb") as file:
        for block in range(len(index.first) - 1):
            span = slice(int(index.first[block]), int(index.first[block + 1]))
            if (index.step[span] != NO_STEP).any():
                yield span, read_block(file.fileno(), path, index, block)


def readable_index(path: Path, first_row: int, end_row: int) -> RowIndex | None:
    """The index of a damaged file; rows that cannot be read have no step in it.

    None: nothing of it can be told from damage. So is a file without damage in any of
    its parts, because then it is another one than was written.
    """
    try:
        index = read_index(path)
        with path.open("rb") as file:
            damaged = [
                block
                for block in range(len(index.first) - 1)
                if not _is_readable(file.fileno(), path, index, block)
            ]
    except (StorageDamaged, OSError):
        return None
    rows = index.row
    fits = len(rows) and first_row <= int(rows.min()) and int(rows.max()) < end_row
    if not damaged or not fits:
        return None
    step = index.step.copy()
    for block in damaged:
        step[int(index.first[block]) : int(index.first[block + 1])] = NO_STEP
    return replace(index, step=step)


def _is_readable(descriptor: int, path: Path, index: RowIndex, block: int) -> bool:
    try:
        read_block(descriptor, path, index, block)
    except StorageDamaged:
        return False
    return True


def _blocks(texts: Sequence[bytes]) -> Iterator[range]:
    start, size = 0, 0
    for at, text in enumerate(texts):
        if at > start and (at - start >= BLOCK_ROWS or size + len(text) > BLOCK_BYTES):
            yield range(start, at)
            start, size = at, 0
        size += len(text)
    if texts:
        yield range(start, len(texts))


def read_block(descriptor: int, path: Path, index: RowIndex, block: int) -> list[bytes]:
    """The texts of one block of an open file.

    Raises:
        StorageDamaged: it is not what was written.
    """
    start, end = int(index.offsets[block]), int(index.offsets[block + 1])
    try:
        packed = os.pread(descriptor, end - start, start)
        plain = zstandard.ZstdDecompressor().decompress(packed)
    except (OSError, zstandard.ZstdError) as error:
        raise StorageDamaged(f"block {block}: {error}", place=path.name) from error
    sizes = index.size[int(index.first[block]) : int(index.first[block + 1])]
    if len(plain) != int(sizes.sum()) + len(sizes):
        raise StorageDamaged(f"block {block}: wrong length", place=path.name)
    texts, at = [], 0
    for size in sizes.tolist():
        texts.append(plain[at : at + size])
        at += size + 1
    return texts


def _unpack(data: bytes) -> RowIndex:
    block_count, row_count = _HEAD.unpack_from(data)
    counts = [block_count + 1, block_count + 1, row_count, row_count]
    if len(data) != _HEAD.size + 8 * sum(counts) + 4 * row_count:
        raise ValueError("index of the wrong length")
    at, columns = _HEAD.size, []
    for count in counts:
        columns.append(np.frombuffer(data, "<i8", count, at).astype(np.int64))
        at += 8 * count
    offsets, first, step, row = columns
    size = np.frombuffer(data, "<u4", row_count, at).astype(np.uint32)
    return RowIndex(offsets, first, step, row, size)
