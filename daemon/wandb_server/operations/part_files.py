"""Consecutive lines of a history as one Parquet file, in the workspace.

```
segments, tail ─► blocks of texts ─► columns ─► pieces ─► one file
                       4,096 rows      4 million cells in memory
```
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from wandb_server.ingest.flat_rows import flatten, join_flat, whole_kinds
from wandb_server.ingest.segments import steps_in_order
from wandb_server.model.flat_rows import FlatRows
from wandb_server.operations.segment_rows import whole_rows
from wandb_server.operations.stores import Stores
from wandb_server.storage.catalog import Segment
from wandb_server.storage.flat_files import (
    FlatPiece,
    nameable,
    write_piece,
    write_whole_flat,
)
from wandb_server.storage.row_segment import iterate_blocks

PART_SUFFIX = "parquet"
CELLS_PER_PIECE = 4_000_000
TEXT_BYTES_PER_PIECE = 32 * 1024 * 1024
ROWS_AT_ONCE, BYTES_AT_ONCE = 4_096, 4 * 1024 * 1024
"""Rows parsed together."""


@dataclass(frozen=True, slots=True)
class HistoryLines:
    """All lines of a history in order of arrival: those of segments, then the tail."""

    segments: Sequence[Segment]
    tail: Sequence[bytes]

    @property
    def count(self) -> int:
        """How many."""
        return sum(one.row_count for one in self.segments) + len(self.tail)


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part's file in the workspace; None: its rows cannot be said in one."""

    path: Path | None
    keys: Sequence[str]
    steps: tuple[int, int] | None


class PartWriter:
    """Writes files of lines."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def write(
        self, lines: HistoryLines, first_line: int, end_line: int, directory: Path
    ) -> WrittenPart:
        """The lines [first, end) as a file of this directory.

        Raises:
            StorageError: damaged segments, a full disk.
        """
        pieces: list[FlatPiece] = []
        spans: list[tuple[int, int]] = []
        in_order = True
        line = first_line
        ask = self._stores.tables.ask
        async for rows in self._pieces(lines, first_line, end_line):
            if rows is None or not nameable(list(rows.keys)):
                return WrittenPart(None, (), None)
            count = len(rows.step)
            if not count:
                continue
            places = np.arange(line, line + count, dtype=np.int64)
            line += count
            path = directory / f"piece{len(pieces)}"
            work = partial(write_piece, path=path, rows=rows, lines=places)
            pieces.append(await ask(work))
            in_order &= steps_in_order(rows.step)
            spans.append((int(rows.step.min()), int(rows.step.max())))
        kinds = whole_kinds([piece.kinds for piece in pieces]) if pieces else None
        if kinds is None:
            return WrittenPart(None, (), None)
        in_order &= all(before[1] <= after[0] for before, after in pairwise(spans))
        path = directory / PART_SUFFIX
        await ask(
            lambda db: write_whole_flat(db, pieces, path, kinds, in_order=in_order)
        )
        low, high = min(one[0] for one in spans), max(one[1] for one in spans)
        return WrittenPart(path, list(kinds), (low, high))

    async def _pieces(
        self, lines: HistoryLines, first_line: int, end_line: int
    ) -> AsyncIterator[FlatRows | None]:
        """The lines as columns, so many at a time as are well kept in memory."""
        gathered: list[FlatRows] = []
        waiting: list[bytes] = []
        cells = size = waiting_bytes = 0
        async for texts in self._blocks(lines, first_line, end_line):
            waiting += texts
            waiting_bytes += sum(map(len, texts))
            if len(waiting) < ROWS_AT_ONCE and waiting_bytes < BYTES_AT_ONCE:
                continue
            flat = await asyncio.to_thread(flatten, waiting)
            if flat is None:
                yield None
                return
            gathered.append(flat)
            cells += len(flat.step) * (len(flat.keys) + 2)
            size += waiting_bytes if _has_texts(flat) else 0
            waiting, waiting_bytes = [], 0
            if cells >= CELLS_PER_PIECE or size >= TEXT_BYTES_PER_PIECE:
                yield await asyncio.to_thread(join_flat, gathered)
                gathered, cells, size = [], 0, 0
        flat = await asyncio.to_thread(flatten, waiting)
        if flat is None:
            yield None
        else:
            yield await asyncio.to_thread(join_flat, [*gathered, flat])

    async def _blocks(
        self, lines: HistoryLines, first_line: int, end_line: int
    ) -> AsyncIterator[Sequence[bytes]]:
        """Texts of the lines [first, end), in order of arrival."""
        at = 0
        for segment in lines.segments:
            segment_end = at + segment.row_count
            if segment_end > first_line and at < end_line:
                [path] = await whole_rows(self._stores, [segment])
                index = await asyncio.to_thread(self._stores.indexes.read, path)
                blocks = iterate_blocks(path, index)
                while (
                    block := await asyncio.to_thread(next, blocks, None)
                ) is not None:
                    low, high = max(0, first_line - at), max(0, end_line - at)
                    if chosen := block[low:high]:
                        yield chosen
                    at += len(block)
                    if at >= end_line:
                        return
            at = segment_end
        yield lines.tail[max(0, first_line - at) : max(0, end_line - at)]


def _has_texts(rows: FlatRows) -> bool:
    return any(column.kind == "text" for column in rows.columns.values())
