"""Many short segments become a long one: ten million steps are not a thousand files.

```
level 0   [·][·][·] … [·]   16 neighbours, or what is left when the run ended
level 1   [      ·······      ] …   16 of these again, up to the limits of a segment
```

Crash-safe as compaction is: objects first, then one transaction that enters the new
segment and takes the old ones out. Their objects stay for `garbage_age_s`, because a
question that began before may still read them. Rows stay byte for byte what they were.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from wandb_server.errors import StorageError
from wandb_server.ingest.blocks import SortedPoints, sum_blocks, worth_storing
from wandb_server.ingest.segments import steps_in_order
from wandb_server.operations.charts import BLOCKS_SUFFIX, SERIES_SUFFIX
from wandb_server.operations.damage import whole_paths
from wandb_server.operations.limits import ArchiveSettings
from wandb_server.operations.pieces import (
    WrittenObject,
    give_up,
    put_objects,
    scratch,
    series_columns,
)
from wandb_server.operations.runs import ENDED
from wandb_server.operations.segment_rows import ROWS_SUFFIX
from wandb_server.operations.stores import Stores
from wandb_server.storage import catalog, removal, runs, series_questions
from wandb_server.storage.row_merge import MergedRows, merge_rows
from wandb_server.storage.row_segment import NO_STEP
from wandb_server.storage.tables import KeyedColumns

logger = logging.getLogger(__name__)

MERGES_PER_CALL = 4
"""Tails must not wait longer than this takes."""


class Merger:
    """Merges what is due, a few at a time."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def merge_due(self) -> int:
        """How many segments were made. Cancelled: nothing of the open one happened."""
        stores, merged = self._stores, 0
        due = await stores.database.read(
            lambda db: catalog.due_for_merging(db, stores.settings.merge_count, ENDED)
        )
        for run_id, file, ended in due:
            if stores.upkeep.unmerged.get((run_id, file), 0.0) > stores.clock():
                continue
            group = await stores.database.read(
                lambda db, place=(run_id, file), ended=ended: choose_group(  # type: ignore[misc]
                    catalog.segments_of(db, *place), ended, stores.settings
                )
            )
            if len(group) and await self._try(group):
                merged += 1
                if merged == MERGES_PER_CALL:
                    break
        return merged

    async def _try(self, group: Sequence[catalog.Segment]) -> bool:
        place = (group[0].run_id, group[0].file)
        try:
            return await self._merge(group)
        except (StorageError, OSError) as error:
            # One damaged segment must not keep the other runs from being merged.
            wait_s = self._stores.settings.merge_retry_s
            self._stores.upkeep.unmerged[place] = self._stores.clock() + wait_s
            logger.warning("segments not merged run=%d error=%s", place[0], error)
            return False

    async def _merge(self, group: Sequence[catalog.Segment]) -> bool:
        stores = self._stores
        async with scratch(stores) as directory:
            wanted = [(one.rows_object, ROWS_SUFFIX) for one in group]
            sources = await whole_paths(stores, wanted)
            paths = [directory / ROWS_SUFFIX]
            rows = await asyncio.to_thread(merge_rows, paths[0], sources)
            paths.extend(await self._merge_series(group, directory))
            written = await put_objects(stores, group[0].run_id, paths)
        now = stores.clock()
        try:
            return await stores.database.write(
                lambda db: _replace(db, group, rows, written, now)
            )
        except StorageError:
            await give_up(stores, [one.object_id for one in written])
            raise

    async def _merge_series(
        self, group: Sequence[catalog.Segment], directory: Path
    ) -> list[Path]:
        tables = self._stores.tables
        numbers = [one.series_object for one in group]
        wanted = [(one, SERIES_SUFFIX) for one in numbers if one is not None]
        sources = [str(path) for path in await whole_paths(self._stores, wanted)]
        if not sources:
            return []
        counts = await tables.ask(
            lambda cursor: series_questions.key_counts(cursor, sources)
        )
        parts: list[Path] = []
        blocks: list[KeyedColumns] = []
        first = 0
        for keys in _steps(counts, self._stores.settings.merge_points_step):
            points = await self._points(sources, keys, counts)
            parts.append(directory / f"part{len(parts)}")
            await tables.write(parts[-1], series_columns(keys, points))
            summed = await asyncio.to_thread(sum_blocks, points, first)
            blocks.append(KeyedColumns(keys, summed.counts, summed.columns))
            first += len(points.step)
        paths = [directory / SERIES_SUFFIX]
        await tables.concatenate(parts, paths[0])
        whole = await asyncio.to_thread(_joined, blocks)
        if first >= self._stores.settings.block_points_min and worth_storing(
            first, int(whole.counts.sum())
        ):
            paths.append(directory / BLOCKS_SUFFIX)
            await tables.write(paths[1], whole)
        return paths

    async def _points(
        self, sources: Sequence[str], keys: Sequence[str], counts: Mapping[str, int]
    ) -> SortedPoints:
        columns = await self._stores.tables.ask(
            lambda cursor: series_questions.points_of_keys(cursor, sources, keys)
        )
        each = np.array([counts[key] for key in keys], np.int64)
        return await asyncio.to_thread(_sorted, columns, each)


def choose_group(
    segments: Sequence[catalog.Segment], ended: bool, settings: ArchiveSettings
) -> Sequence[catalog.Segment]:
    """The next neighbours of one level to merge, by row; empty if there are none."""
    stretches = [list(same) for _, same in groupby(segments, lambda s: s.level)]
    for at, stretch in enumerate(stretches):
        full = len(stretch) >= settings.merge_count
        rest = ended and at == len(stretches) - 1 and stretch[0].level == 0
        if not full and not rest:
            continue
        # Near the limits of a segment fewer fit.
        fitting = _fitting(stretch[: settings.merge_count], settings)
        if len(fitting) > 1:
            return fitting
    return ()


def _fitting(
    segments: Sequence[catalog.Segment], settings: ArchiveSettings
) -> Sequence[catalog.Segment]:
    rows, points = 0, 0
    for at, segment in enumerate(segments):
        rows += segment.row_count
        points += segment.point_count
        if rows > settings.merged_rows_max or points > settings.merged_points_max:
            return segments[:at]
    return segments


def _steps(counts: Mapping[str, int], points_max: int) -> Iterator[list[str]]:
    """Keys in the order of files, so many that their points fit."""
    keys: list[str] = []
    total = 0
    for key in sorted(counts, key=str.encode):
        if keys and total + counts[key] > points_max:
            yield keys
            keys, total = [], 0
        keys.append(key)
        total += counts[key]
    yield keys


def _sorted(
    columns: series_questions.Columns, counts: series_questions.Integers
) -> SortedPoints:
    order = np.lexsort((columns["row"], columns["step"], columns["key"]))
    return SortedPoints(
        counts=counts,
        **{
            name: columns[name][order]
            for name in ("step", "row", "runtime", "timestamp", "value", "kind")
        },
    )


def _joined(parts: Sequence[KeyedColumns]) -> KeyedColumns:
    return KeyedColumns(
        [key for part in parts for key in part.keys],
        np.concatenate([part.counts for part in parts]),
        {
            name: np.concatenate([part.columns[name] for part in parts])
            for name in parts[0].columns
        },
    )


def _replace(
    db: Connection,
    group: Sequence[catalog.Segment],
    rows: MergedRows,
    written: Sequence[WrittenObject],
    now: float,
) -> bool:
    """Enter the new segment in the place of the old ones; False if they are gone."""
    run_id, file = group[0].run_id, group[0].file
    old = [segment.id for segment in group]
    known = {segment.id for segment in catalog.segments_of(db, run_id, file)}
    if runs.find_run_by_id(db, run_id) is None or not known.issuperset(old):
        return False
    ranges = catalog.lines_of(db, old)
    steps = rows.step[rows.step != NO_STEP]
    numbers = {entry.suffix: entry.object_id for entry in written}
    catalog.remove_segments(db, old)
    catalog.add_segment(
        db,
        {
            "run_id": run_id,
            "file": file,
            "first_row": group[0].first_row,
            "end_row": group[-1].end_row,
            "row_count": len(rows.step),
            "step_min": int(steps.min()) if len(steps) else None,
            "step_max": int(steps.max()) if len(steps) else None,
            "in_order": steps_in_order(steps),
            "rows_object": numbers[ROWS_SUFFIX],
            "series_object": numbers.get(SERIES_SUFFIX),
            "blocks_object": numbers.get(BLOCKS_SUFFIX),
            "point_count": sum(segment.point_count for segment in group),
            "level": group[0].level + 1,
        },
        ranges,
    )
    for entry in written:
        removal.make_live(db, entry.object_id, entry.size_bytes, entry.crc32)
    gone = [
        number
        for segment in group
        for number in (
            segment.rows_object,
            segment.series_object,
            segment.blocks_object,
        )
        if number is not None
    ]
    removal.make_dead(db, gone, now)
    return True
