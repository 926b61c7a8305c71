"""A run's history as one Parquet file: a column per metric, a line per row.

```
segments ─► points of some rows ┐
   "     ─►        "            ├─► <run>-<rows>-<mark>.parquet, kept
tail     ─► parsed rows         ┘
```

Numbers and booleans are doubles; a key that ever held something else is JSON text. Of
keys that differ only in case, the later ones get a number (`loss_1`), as DuckDB does.
What was made is kept in the workspace until rows arrive, or others need the room.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.errors import QueryError
from wandb_server.ingest.fact_tables import add_up
from wandb_server.ingest.rows import holds_key, parse_row, parse_rows, value_at
from wandb_server.model.history import MetricKey
from wandb_server.model.runs import Run
from wandb_server.operations.charts import SERIES_SUFFIX
from wandb_server.operations.damage import whole_paths
from wandb_server.operations.keys import tables_of_runs
from wandb_server.operations.pieces import scratch
from wandb_server.operations.segment_rows import whole_rows
from wandb_server.operations.stores import Operations, Stores
from wandb_server.operations.threads import taken_by_thread
from wandb_server.storage import catalog, lines, runs
from wandb_server.storage.row_segment import NO_STEP, read_rows
from wandb_server.storage.tables import WORKERS_COUNT
from wandb_server.storage.wide_tables import (
    ABSENT,
    STEP,
    KeyPoints,
    WideColumns,
    WideRows,
    points_of_rows,
    write_wide,
)

CELLS_PER_BATCH = 4_000_000
"""Rows times columns in memory at once, 9 bytes each."""
POINTS_PER_READ = 100_000
COLUMNS_MAX = 500
"""What DuckDB writes within its memory, at least in the order of arrival."""
KEPT_BYTES_MAX = 1024**3
EXPORTS = "exports"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the run has, at one moment."""

    name: str
    segments: Sequence[catalog.Segment]
    tail: Sequence[tuple[int, int | None, bytes]]


class Exports(Operations):
    """History for other programs."""

    async def export_parquet(self, run: Run) -> Path:
        """The file, made now if it is not there as the run is.

        It may be removed when others are asked for: open it at once. Cancelled: what
        was half made is removed.

        Raises:
            QueryError: the run has no rows, or more metrics than a file may have.
            StorageError: damaged segments, a full disk.
        """
        directory = self._stores.workspace / EXPORTS
        async with self._stores.exporting:
            found = await self._stores.database.read(lambda db: _look(db, run.id))
            path = directory / found.name
            if not path.exists():
                await asyncio.to_thread(directory.mkdir, exist_ok=True)
                columns = await self._columns(run)
                await self._make(found, columns, path)
            await asyncio.to_thread(_make_room, path)
        return path

    async def _columns(self, run: Run) -> WideColumns:
        tables = await tables_of_runs(self._stores, [run.id], lines.HISTORY)
        keys: Sequence[MetricKey] = await asyncio.to_thread(add_up, tables)
        keys = [key for key in keys if key.key != STEP]
        if len(keys) > COLUMNS_MAX:
            raise QueryError(
                "export",
                f"the run has {len(keys)} metrics and a file at most {COLUMNS_MAX}; "
                "scan_history(keys=[…]) reads chosen ones",
            )
        texts = frozenset(
            place
            for place, key in enumerate(keys)
            if set(key.types) - {"number", "nil"}
        )
        return WideColumns([key.key for key in keys], texts)

    async def _make(self, found: _Snapshot, columns: WideColumns, path: Path) -> None:
        reader = _RowReader(self._stores, found, columns)
        in_order = reader.has_rows_in_order()
        async with scratch(self._stores) as directory:
            whole = directory / "whole"
            with taken_by_thread(reader.batches()) as batches:
                await self._stores.tables.make(
                    lambda cursor: write_wide(
                        cursor, whole, columns, batches, in_order=in_order
                    )
                )
            await asyncio.to_thread(whole.replace, path)


class _RowReader:
    """Reads a run's rows that have a step as columns, in order of arrival."""

    def __init__(self, stores: Stores, found: _Snapshot, columns: WideColumns) -> None:
        self._stores = stores
        self._found = found
        self._columns = columns

    def has_rows_in_order(self) -> bool:
        """Whether their steps never go down.

        Raises:
            QueryError: there are no rows.
        """
        segments = self._found.segments
        spans = [
            (one.step_min, one.step_max)
            for one in segments
            if one.step_min is not None and one.step_max is not None
        ]
        tail = [step for _, step, _ in self._found.tail if step is not None]
        if tail:
            spans.append((tail[0], tail[-1]))
        if not spans:
            raise QueryError("export", "the run has no rows yet")
        return (
            all(one.in_order for one in segments)
            and tail == sorted(tail)
            and all(before[1] <= after[0] for before, after in pairwise(spans))
        )

    async def batches(self) -> AsyncIterator[WideRows]:
        """The rows of segments, then those of the tail."""
        for segment in self._found.segments:
            async for rows in self._of_segment(segment):
                yield rows
        yield await asyncio.to_thread(_of_tail, self._found.tail, self._columns)

    async def _of_segment(self, segment: catalog.Segment) -> AsyncIterator[WideRows]:
        [path] = await whole_rows(self._stores, [segment])
        index = await asyncio.to_thread(self._stores.indexes.read, path)
        series = None
        if segment.series_object is not None:
            wanted = [(segment.series_object, SERIES_SUFFIX)]
            [found] = await whole_paths(self._stores, wanted)
            series = str(found)
        places = np.flatnonzero(index.step != NO_STEP).astype(np.int64)
        count = max(1, CELLS_PER_BATCH // (len(self._columns.names) + 1))
        for first in range(0, len(places), count):
            mine = places[first : first + count]
            rows = _empty(index.step[mine], index.row[mine], self._columns)
            if series is not None:
                await self._read_points(series, rows)
            if self._columns.texts:
                texts = await asyncio.to_thread(read_rows, path, index, mine)
                await asyncio.to_thread(_fill_texts, texts, rows, self._columns)
            yield rows

    async def _read_points(self, path: str, rows: WideRows) -> None:
        places = list(rows.numbers)
        span = (int(rows.row[0]), int(rows.row[-1]) + 1)
        count = max(1, POINTS_PER_READ // len(rows.row))
        reads = [places[at : at + count] for at in range(0, len(places), count)]
        for first in range(0, len(reads), WORKERS_COUNT):
            try:
                async with asyncio.TaskGroup() as tasks:
                    for mine in reads[first : first + WORKERS_COUNT]:
                        tasks.create_task(self._read(path, rows, span, mine))
            except ExceptionGroup as group:
                raise group.exceptions[0] from None

    async def _read(
        self, path: str, rows: WideRows, span: tuple[int, int], places: Sequence[int]
    ) -> None:
        keys = [self._columns.names[place] for place in places]
        found = await self._stores.tables.ask(
            lambda cursor: points_of_rows(cursor, path, keys, span)
        )
        await asyncio.to_thread(_place, rows, places, found)


def _look(db: Connection, run_id: int) -> _Snapshot:
    run = runs.find_run_by_id(db, run_id)
    if run is None:
        raise QueryError("export", "the run is gone")
    tail = lines.read_tail(db, run_id, lines.HISTORY)
    return _Snapshot(
        f"{run_id}-{run['next_row']}-{run['segment_mark']}.parquet",
        catalog.segments_of(db, run_id, lines.HISTORY),
        tail,
    )


def _empty(steps: Integers, rows: Integers, columns: WideColumns) -> WideRows:
    numbers = {
        place: (np.zeros(len(steps)), np.full(len(steps), ABSENT, np.uint8))
        for place in range(len(columns.names))
        if place not in columns.texts
    }
    texts = {
        place: np.full(len(steps), None, dtype=object)
        for place in sorted(columns.texts)
    }
    return WideRows(steps, rows, numbers, texts)


def _place(
    rows: WideRows, places: Sequence[int], found: Mapping[int, KeyPoints]
) -> None:
    """Put points where their rows are."""
    first, count = int(rows.row[0]), len(rows.row)
    gapless = int(rows.row[-1]) - first == count - 1
    for at, points in found.items():
        row = points.row
        if np.array_equal(row, rows.row):
            rows.numbers[places[at]] = points.value, points.kind
            continue
        value, kind = rows.numbers[places[at]]
        where = row - first if gapless else np.searchsorted(rows.row, row)
        value[where] = points.value
        kind[where] = points.kind


def _fill_texts(texts: Sequence[bytes], rows: WideRows, columns: WideColumns) -> None:
    for at, text in enumerate(texts):
        document = parse_row(text)
        for place, cells in rows.texts.items():
            key = columns.names[place]
            if holds_key(document, key):
                cells[at] = json_codec.dumps(value_at(document, key)).decode(
                    "utf-8", "backslashreplace"
                )


def _of_tail(
    tail: Sequence[tuple[int, int | None, bytes]], columns: WideColumns
) -> WideRows:
    kept = [(row, step, text) for row, step, text in tail if step is not None]
    parsed = parse_rows(kept)
    rows = _empty(parsed.step, parsed.row, columns)
    for place, (value, kind) in rows.numbers.items():
        points = parsed.points.get(columns.names[place])
        if points is not None:
            value[points.index] = points.value
            kind[points.index] = points.kind
    _fill_texts([text for _, _, text in kept], replace(rows, numbers={}), columns)
    return rows


def _make_room(newest: Path) -> None:
    """Remove older files of the run, and those used longest ago beyond the room."""
    newest.touch()
    prefix = newest.name.partition("-")[0] + "-"
    total = newest.stat().st_size
    others = [path for path in newest.parent.iterdir() if path != newest]
    for path in sorted(others, key=lambda path: -path.stat().st_mtime):
        total += path.stat().st_size
        if path.name.startswith(prefix) or total > KEPT_BYTES_MAX:
            path.unlink()
