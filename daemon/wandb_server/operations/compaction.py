"""Moving rows from the tail to segments; then merging them, and sweeping up.

```
tail rows ─► files in the workspace ─► objects ─► transaction: catalog, tail rows gone
    crash here: nothing happened │ here: garbage │     here: all of it or none
```

What is in the tail is never needed twice: a question sees a row in the tail before that
transaction and in the segment after it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, or_, select

from wandb_server.errors import StorageError
from wandb_server.ingest.blocks import SortedPoints
from wandb_server.ingest.fact_bytes import FactReader, to_bytes
from wandb_server.ingest.fact_tables import to_facts, to_table
from wandb_server.ingest.key_facts import join_facts
from wandb_server.ingest.rows import ParsedRows, parse_rows
from wandb_server.ingest.segments import join_ranges, sort_series, steps_in_order
from wandb_server.ingest.values import values_of
from wandb_server.operations.charts import BLOCKS_SUFFIX, SERIES_SUFFIX
from wandb_server.operations.garbage import Sweeper
from wandb_server.operations.keys import read_facts
from wandb_server.operations.merging import Merger
from wandb_server.operations.pieces import (
    WrittenObject,
    block_columns,
    give_up,
    put_objects,
    scratch,
    series_columns,
)
from wandb_server.operations.removed_runs import Purger
from wandb_server.operations.runs import ENDED
from wandb_server.operations.segment_rows import ROWS_SUFFIX
from wandb_server.operations.stores import Operations
from wandb_server.storage import catalog, key_tables, lines, removal, runs
from wandb_server.storage.leases import take_lease
from wandb_server.storage.row_segment import NO_STEP, write_rows
from wandb_server.storage.schema import runs as runs_table
from wandb_server.storage.tables import KeyedColumns
from wandb_server.storage.tail_batch import TailBatch, with_steps
from wandb_server.storage.values import refresh_values, stale_projects

RUNS_PER_CALL = 100
UPKEEP = "upkeep"
FRESHEN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """The oldest rows of a run's tail, looked at."""

    run_id: int
    file: str
    batches: Sequence[TailBatch]
    parsed: ParsedRows | None
    """Of history and events."""
    series: KeyedColumns | None
    blocks: KeyedColumns | None

    @property
    def first_row(self) -> int:
        return self.batches[0].first_row

    @property
    def end_row(self) -> int:
        return self.batches[-1].end_row

    @property
    def row_count(self) -> int:
        return sum(len(batch.texts) for batch in self.batches)

    @property
    def size_bytes(self) -> int:
        """Of the texts."""
        return sum(len(text) for batch in self.batches for text in batch.texts)


class Compaction(Operations):
    """Run now and then by the server's background loop; one at a time."""

    async def compact(self) -> int:
        """Move what is due from the tail to segments; how many rows.

        Due are runs that ended and runs whose tail is long. Where several servers share
        the database, one of them does it; the others move nothing. Cancelled: what was
        not moved stays in the tail.

        Raises:
            StorageError, OSError: of the first run or work that failed, when all others
                were seen to.
        """
        async with self._stores.compacting:
            self._stores.upkeep.tail_is_long.clear()
            if not await self._may_work():
                return 0
            moved = 0
            failures: list[Exception] = []
            for run_id in await self._stores.database.read(self._due):
                if not await self._may_work():
                    break
                try:
                    moved += await self._compact_run(run_id)
                except (StorageError, OSError) as error:
                    failures.append(error)
            for care in (
                self._freshen,
                Merger(self._stores).merge_due,
                Purger(self._stores).purge,
                Sweeper(self._stores).sweep,  # last, and always: it makes room
            ):
                try:
                    await care()
                except (StorageError, OSError) as error:
                    failures.append(error)
            if failures:
                raise failures[0]
            return moved

    @property
    def tail_is_long(self) -> asyncio.Event:
        """See `Archive.tail_is_long`."""
        return self._stores.upkeep.tail_is_long

    async def _freshen(self) -> None:
        """Index config and summary of runs that ended, before somebody asks for them.

        A while of it at a time: tails must not wait.
        """
        database = self._stores.database
        until = time.monotonic() + FRESHEN_S
        for project_id in await database.read(lambda db: stale_projects(db, ENDED)):
            while time.monotonic() < until:
                if not await database.write(
                    lambda db, project_id=project_id: refresh_values(  # type: ignore[misc]
                        db, project_id, values_of
                    )
                ):
                    break

    async def collect_garbage(self) -> int:
        """Delete everything that nobody refers to; how many bytes were freed.

        What became garbage less than `garbage_age_s` ago stays: a question may still
        read it.
        """
        async with self._stores.compacting:
            return await Sweeper(self._stores).sweep_all()

    async def _may_work(self) -> bool:
        """Whether no other server of the same database is at it."""
        stores = self._stores
        if not stores.database.is_shared:
            return True
        holder, now = stores.upkeep.server_id, stores.clock()
        lasts_s = stores.settings.lease_s
        return await stores.database.write(
            lambda db: take_lease(db, UPKEEP, holder, now, lasts_s)
        )

    async def _compact_run(self, run_id: int) -> int:
        moved = 0
        for file in await self._stores.database.read(
            lambda db: lines.tail_files(db, run_id)
        ):
            while count := await self._compact_piece(run_id, file):
                moved += count
        return moved

    def _due(self, db: Connection) -> Sequence[int]:
        settings = self._stores.settings
        due = select(runs_table.c.id).where(
            runs_table.c.tail_row_count > 0,
            or_(
                runs_table.c.state.in_(ENDED),
                runs_table.c.tail_row_count >= settings.tail_rows_max,
                runs_table.c.tail_bytes >= settings.tail_bytes_max,
            ),
        )
        longest_first = due.order_by(runs_table.c.tail_bytes.desc())
        return db.scalars(longest_first.limit(RUNS_PER_CALL)).all()

    async def _compact_piece(self, run_id: int, file: str) -> int:
        stores, settings = self._stores, self._stores.settings
        limits = (settings.segment_rows_max, settings.segment_bytes_max)
        batches = await stores.database.read(
            lambda db: lines.oldest_batches(db, run_id, file, *limits)
        )
        if not batches:
            return 0
        blocks_from = settings.block_points_min
        piece = await asyncio.to_thread(_look_at, run_id, file, batches, blocks_from)
        async with scratch(stores) as directory:
            written = await self._write(piece, directory)
        try:
            return await stores.database.write(lambda db: _enter(db, piece, written))
        except StorageError:
            await give_up(stores, [one.object_id for one in written])
            raise

    async def _write(self, piece: _Piece, directory: Path) -> list[WrittenObject]:
        """Write the piece's files and put them into the store."""
        paths = [directory / ROWS_SUFFIX]
        await asyncio.to_thread(_write_rows, paths[0], piece.batches)
        for suffix, content in (
            (SERIES_SUFFIX, piece.series),
            (BLOCKS_SUFFIX, piece.blocks),
        ):
            if content is not None:
                paths.append(directory / suffix)
                await self._stores.tables.write(paths[-1], content)
        return await put_objects(self._stores, piece.run_id, paths)


def _look_at(
    run_id: int, file: str, batches: Sequence[TailBatch], block_points_min: int
) -> _Piece:
    if file not in lines.STREAMS.values():
        return _Piece(run_id, file, batches, None, None, None)
    parsed = parse_rows(with_steps(chain.from_iterable(b.rows() for b in batches)))
    series = sort_series(parsed)
    if series is None:
        return _Piece(run_id, file, batches, parsed, None, None)
    points = SortedPoints(
        counts=series.counts,
        step=parsed.step[series.index],
        row=parsed.row[series.index],
        runtime=parsed.runtime[series.index],
        timestamp=parsed.timestamp[series.index],
        value=series.value,
        kind=series.kind,
    )
    return _Piece(
        run_id,
        file,
        batches,
        parsed,
        series_columns(series.keys, points),
        block_columns(series.keys, points, block_points_min),
    )


def _write_rows(path: Path, batches: Sequence[TailBatch]) -> int:
    return write_rows(
        path,
        _steps_of(batches),
        np.concatenate([np.arange(b.first_row, b.end_row) for b in batches]),
        [text for batch in batches for text in batch.texts],
    )


def _steps_of(batches: Sequence[TailBatch]) -> npt.NDArray[np.int64]:
    """Of every row, `NO_STEP` where it has none."""
    return np.fromiter(chain.from_iterable(b.steps for b in batches), np.int64)


def _enter(db: Connection, piece: _Piece, written: Sequence[WrittenObject]) -> int:
    """Segment into the catalog, rows out of the tail; 0 if they are gone already."""
    run = runs.find_run_by_id(db, piece.run_id)
    place = (piece.run_id, piece.file)
    if run is None or not lines.has_tail_row(db, *place, piece.first_row):
        return 0
    steps = _steps_of(piece.batches)
    steps = steps[steps != NO_STEP]
    numbers = {entry.suffix: entry.object_id for entry in written}
    segment = catalog.add_segment(
        db,
        {
            "run_id": piece.run_id,
            "file": piece.file,
            "first_row": piece.first_row,
            "end_row": piece.end_row,
            "row_count": piece.row_count,
            "step_min": int(steps.min()) if len(steps) else None,
            "step_max": int(steps.max()) if len(steps) else None,
            "in_order": steps_in_order(steps),
            "rows_object": numbers[ROWS_SUFFIX],
            "series_object": numbers.get(SERIES_SUFFIX),
            "blocks_object": numbers.get(BLOCKS_SUFFIX),
            "point_count": 0
            if piece.series is None
            else int(piece.series.counts.sum()),
            "level": 0,
        },
        [
            catalog.LineRange(*entry)
            for entry in join_ranges(
                (batch.log_id, batch.first_line, batch.end_line)
                for batch in piece.batches
            )
        ],
    )
    for entry in written:
        removal.make_live(db, entry.object_id, entry.size_bytes, entry.crc32)
    lines.delete_tail(db, *place, piece.end_row)
    changes = {
        "tail_row_count": run["tail_row_count"] - piece.row_count,
        "tail_bytes": run["tail_bytes"] - piece.size_bytes,
    }
    if piece.parsed is not None:
        changes["segment_mark"] = segment
        stored = key_tables.read_tables(db, [piece.run_id], piece.file)
        content = stored.get(piece.run_id, b"")
        facts = to_facts(read_facts(FactReader(), piece.run_id, content))
        joined = to_bytes(to_table(join_facts(facts, piece.parsed.facts)))
        key_tables.write_table(db, piece.run_id, piece.file, piece.end_row, joined)
    runs.update_run(db, piece.run_id, changes)
    return piece.row_count
