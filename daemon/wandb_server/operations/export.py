"""A run's history as one Parquet file: a column per metric, a line per row.

```
segments ─► points of some rows ─► part ┐
   "     ─►        "            ─► part ├─► <run>-<rows>-<mark>.parquet, kept
tail     ─► parsed rows         ─► part ┘
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
from wandb_server.ingest.segments import steps_in_order
from wandb_server.model.history import MetricKey
from wandb_server.model.runs import Run
from wandb_server.operations.charts import SERIES_SUFFIX
from wandb_server.operations.damage import whole_paths
from wandb_server.operations.keys import tables_of_runs
from wandb_server.operations.pieces import scratch
from wandb_server.operations.segment_rows import whole_rows
from wandb_server.operations.stores import Operations, Stores
from wandb_server.storage import catalog, lines, runs
from wandb_server.storage.row_segment import NO_STEP, read_rows
from wandb_server.storage.wide_tables import (
    ABSENT,
    STEP,
    KeyPoints,
    WideRows,
    points_of_rows,
    write_part,
    write_whole,
)

CELLS_PER_PART = 4_000_000
"""Rows times columns in memory at once, 9 bytes each."""
POINTS_PER_READ = 500_000
COLUMNS_MAX = 500
"""DuckDB takes n columns of NumPy in O(n²): 500 are 2 s, 10,000 are minutes."""
KEPT_BYTES_MAX = 1024**3
EXPORTS = "exports"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the run has, at one moment."""

    name: str
    segments: Sequence[catalog.Segment]
    tail: Sequence[tuple[int, int | None, bytes]]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The keys of a file; `texts` are the places of those that are not all numbers."""

    names: Sequence[str]
    texts: frozenset[int]


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

    async def _columns(self, run: Run) -> _Columns:
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
        return _Columns([key.key for key in keys], texts)

    async def _make(self, found: _Snapshot, columns: _Columns, path: Path) -> None:
        ask = self._stores.tables.ask
        async with scratch(self._stores) as directory:
            parts: list[Path] = []
            steps: list[tuple[int, int]] = []
            in_order = True
            maker = _PartMaker(self._stores, columns)
            for segment in found.segments:
                async for rows in maker.of_segment(segment):
                    parts.append(directory / f"part{len(parts)}")
                    in_order &= steps_in_order(rows.step)
                    steps.append((int(rows.step[0]), int(rows.step[-1])))
                    await ask(lambda cursor, r=rows: write_part(cursor, parts[-1], r))  # type: ignore[misc]
            rest = await asyncio.to_thread(_of_tail, found.tail, columns)
            if len(rest.step):
                parts.append(directory / f"part{len(parts)}")
                in_order &= steps_in_order(rest.step)
                steps.append((int(rest.step[0]), int(rest.step[-1])))
                await ask(lambda cursor: write_part(cursor, parts[-1], rest))
            if not parts:
                raise QueryError("export", "the run has no rows yet")
            in_order &= all(before[1] <= after[0] for before, after in pairwise(steps))
            whole = directory / "whole"
            await ask(
                lambda cursor: write_whole(
                    cursor, parts, whole, columns.names, in_order=in_order
                )
            )
            await asyncio.to_thread(whole.replace, path)


class _PartMaker:
    """Reads rows of segments as columns."""

    def __init__(self, stores: Stores, columns: _Columns) -> None:
        self._stores = stores
        self._columns = columns

    async def of_segment(self, segment: catalog.Segment) -> AsyncIterator[WideRows]:
        """Pieces of its rows that have a step, in order of arrival."""
        [path] = await whole_rows(self._stores, [segment])
        index = await asyncio.to_thread(self._stores.indexes.read, path)
        series = None
        if segment.series_object is not None:
            wanted = [(segment.series_object, SERIES_SUFFIX)]
            [found] = await whole_paths(self._stores, wanted)
            series = str(found)
        places = np.flatnonzero(index.step != NO_STEP).astype(np.int64)
        count = max(1, CELLS_PER_PART // (len(self._columns.names) + 1))
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
        step = max(1, POINTS_PER_READ // len(rows.row))
        for first in range(0, len(places), step):
            mine = places[first : first + step]
            keys = [self._columns.names[place] for place in mine]
            found = await self._stores.tables.ask(
                lambda cursor, keys=keys: points_of_rows(cursor, path, keys, span)  # type: ignore[misc]
            )
            await asyncio.to_thread(_scatter, rows, mine, found)


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


def _empty(steps: Integers, rows: Integers, columns: _Columns) -> WideRows:
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


def _scatter(
    rows: WideRows, places: Sequence[int], found: Mapping[int, KeyPoints]
) -> None:
    """Put points where their rows are."""
    first, count = int(rows.row[0]), len(rows.row)
    gapless = int(rows.row[-1]) - first == count - 1
    for at, points in found.items():
        value, kind = rows.numbers[places[at]]
        row = points.row
        where = row - first if gapless else np.searchsorted(rows.row, row)
        value[where] = points.value
        kind[where] = points.kind


def _fill_texts(texts: Sequence[bytes], rows: WideRows, columns: _Columns) -> None:
    for at, text in enumerate(texts):
        document = parse_row(text)
        for place, cells in rows.texts.items():
            key = columns.names[place]
            if holds_key(document, key):
                cells[at] = json_codec.dumps(value_at(document, key)).decode(
                    "utf-8", "backslashreplace"
                )


def _of_tail(
    tail: Sequence[tuple[int, int | None, bytes]], columns: _Columns
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
