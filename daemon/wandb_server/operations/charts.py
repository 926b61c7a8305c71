"""Metric names, and series for charts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from wandb_server.errors import QueryError, StorageBusy, StorageError
from wandb_server.ingest.fact_tables import add_up
from wandb_server.ingest.rows import ParsedRows, parse_rows
from wandb_server.model.history import LostRows, MetricKey, Series, SeriesQuery
from wandb_server.model.runs import Run
from wandb_server.operations.damage import find_objects
from wandb_server.operations.keys import tables_of_runs
from wandb_server.operations.long_series import SegmentFile
from wandb_server.operations.segment_rows import open_rows
from wandb_server.operations.series import SeriesReader
from wandb_server.operations.stores import Operations
from wandb_server.operations.tails import Tail, TailPlace
from wandb_server.query.buckets import SeriesPoints, join_points
from wandb_server.query.places import Place
from wandb_server.storage import catalog, listing
from wandb_server.storage.lines import HISTORY, STREAMS
from wandb_server.storage.row_segment import NO_STEP, RowIndex, iterate_readable

SERIES_SUFFIX = "parquet"
BLOCKS_SUFFIX = "blocks"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the named runs have, at one moment."""

    segments: Mapping[int, Sequence[catalog.Segment]]
    tails: Mapping[int, Tail]


class Charts(Operations):
    """Questions that pages ask all the time."""

    async def metric_keys(self, run: Run) -> Sequence[MetricKey]:
        """Every dotted key of the run's history, by name."""
        tables = await tables_of_runs(self._stores, [run.id], HISTORY)
        return await asyncio.to_thread(add_up, tables)

    async def project_metric_keys(
        self, entity: str, project: str, runs: Sequence[str], stream: str = "history"
    ) -> Sequence[MetricKey]:
        """Union over these runs (all of the project's if empty).

        Raises:
            QueryError: no such stream.
        """
        file = _file_of(stream)
        ids = await self._ids(entity, project, runs)
        tables = await tables_of_runs(self._stores, list(ids.values()), file)
        return await asyncio.to_thread(add_up, tables)

    async def series(self, query: SeriesQuery) -> Sequence[Series]:
        """One series per run and key that has points in range, runs first.

        Raises:
            QueryError: more runs, keys or buckets than the settings allow, or no such
                stream.
        """
        query = self._checked(query)
        file = _file_of(query.stream)
        if not query.runs or not query.keys:
            return ()
        ids = await self._ids(query.entity, query.project, query.runs)
        if not ids:
            return ()
        names = [name for name in query.runs if name in ids]
        snapshot = await self._snapshot(list(ids.values()), file)
        numbers = {ids[name]: at for at, name in enumerate(names)}
        try:
            return await self._read(query, snapshot, names, numbers)
        except StorageBusy:
            raise
        except StorageError:  # a file that was damaged since it was looked at?
            for segments in snapshot.segments.values():
                self._stores.damage.forget([n for n, _ in _objects_of(segments)])
            return await self._read(query, snapshot, names, numbers)

    async def _read(
        self,
        query: SeriesQuery,
        snapshot: _Snapshot,
        names: Sequence[str],
        numbers: Mapping[int, int],
    ) -> Sequence[Series]:
        files, damaged = await self._files(query, snapshot, numbers)
        if damaged:
            snapshot = await self._with_rows(snapshot, damaged)
        tails = await asyncio.to_thread(_tail_points, query, snapshot, numbers)
        return await SeriesReader(self._stores).read(query, names, files, tails)

    async def _with_rows(
        self, snapshot: _Snapshot, damaged: Sequence[catalog.Segment]
    ) -> _Snapshot:
        """With what the rows of these segments say, whose series are damaged."""
        tails = dict(snapshot.tails)
        for one in await open_rows(self._stores, damaged):
            index = one.left or self._stores.indexes.read(one.path)
            batch = await asyncio.to_thread(_parsed, one.path, index)
            tail = tails.get(one.segment.run_id, Tail(0, 0))
            tails[one.segment.run_id] = replace(tail, batches=(batch, *tail.batches))
        return replace(snapshot, tails=tails)

    async def lost_rows(
        self, entity: str, project: str, runs: Sequence[str]
    ) -> Mapping[str, Sequence[LostRows]]:
        """What readers have found to be lost of these runs, by name."""
        damage = self._stores.damage
        if not damage.any_lost:
            return {}
        ids = await self._ids(entity, project, runs)
        found = {name: damage.lost_of(number) for name, number in ids.items()}
        return {name: lost for name, lost in found.items() if lost}

    async def _files(
        self,
        query: SeriesQuery,
        snapshot: _Snapshot,
        numbers: Mapping[int, int],
    ) -> tuple[list[SegmentFile], list[catalog.Segment]]:
        """Files to read, and segments whose series are damaged."""
        asked = [
            segment
            for segments in snapshot.segments.values()
            for segment in segments
            if segment.series_object is not None and _may_hold(segment, query)
        ]
        found = await find_objects(self._stores, _objects_of(asked))
        files: list[SegmentFile] = []
        damaged: list[catalog.Segment] = []
        for segment in asked:
            assert segment.series_object is not None
            series, number = found[segment.series_object], segment.blocks_object
            if series.problem:
                damaged.append(segment)
                continue
            blocks = None if number is None else found[number]
            if blocks is None or blocks.problem:  # the points say it all
                number, path = None, ""
            else:
                path = str(blocks.path)
            run = numbers[segment.run_id]
            files.append(
                SegmentFile(run, segment.row_count, str(series.path), number, path)
            )
        return files, damaged

    async def _snapshot(self, ids: Sequence[int], file: str) -> _Snapshot:
        def question(db: Connection) -> _Snapshot:
            marks = listing.marks_of_runs(db, ids)
            tails = {
                run_id: self._stores.tails.read(db, TailPlace(run_id, file, *mark))
                for run_id, mark in marks.items()
            }
            return _Snapshot(catalog.segments_of_runs(db, ids, file), tails)

        return await self._stores.database.read(question)

    async def _ids(
        self, entity: str, project: str, names: Sequence[str]
    ) -> dict[str, int]:
        limit = self._stores.settings.runs_per_question_max
        if len(names) > limit:
            raise QueryError("runs", f"more than {limit}")
        return await self._stores.database.read(
            lambda db: listing.ids_of_runs(db, entity, project, names, limit)
        )

    def _checked(self, query: SeriesQuery) -> SeriesQuery:
        settings = self._stores.settings
        query = replace(
            query,
            runs=tuple(dict.fromkeys(query.runs)),
            keys=tuple(dict.fromkeys(query.keys)),
        )
        for part, value, limit in (
            ("keys", len(query.keys), settings.keys_per_question_max),
            ("runs", len(query.runs), settings.runs_per_question_max),
            (
                "runs × keys",
                len(query.runs) * len(query.keys),
                settings.series_per_question_max,
            ),
            ("buckets", query.buckets, settings.buckets_max),
        ):
            if value > limit:
                raise QueryError(part, f"more than {limit}")
        if query.buckets < 1:
            raise QueryError("buckets", "must be at least 1")
        for part, edge in (("xMin", query.x_min), ("xMax", query.x_max)):
            if edge is not None and not np.isfinite(edge):
                raise QueryError(part, "must be a finite number")
        return query


def _objects_of(segments: Sequence[catalog.Segment]) -> list[tuple[int, str]]:
    """Numbers and suffixes of what charts read of them."""
    wanted = []
    for segment in segments:
        if segment.series_object is not None:
            wanted.append((segment.series_object, SERIES_SUFFIX))
        if segment.blocks_object is not None:
            wanted.append((segment.blocks_object, BLOCKS_SUFFIX))
    return wanted


def _parsed(path: Path, index: RowIndex) -> ParsedRows:
    """The rows of a segment as those of a tail."""
    return parse_rows(
        (row, step, text)
        for span, texts in iterate_readable(path, index)
        for row, step, text in zip(
            index.row[span].tolist(), index.step[span].tolist(), texts, strict=True
        )
        if step != NO_STEP
    )


def _file_of(stream: str) -> str:
    file = STREAMS.get(stream)
    if file is None:
        raise QueryError("stream", f"{stream!r} is neither history nor system")
    return file


def _may_hold(segment: catalog.Segment, query: SeriesQuery) -> bool:
    """False if no row of the segment can be in the range of steps."""
    if query.x_axis != "_step" or segment.step_min is None or segment.step_max is None:
        return True
    return (query.x_min is None or segment.step_max >= query.x_min) and (
        query.x_max is None or segment.step_min <= query.x_max
    )


def _tail_points(
    query: SeriesQuery, snapshot: _Snapshot, numbers: Mapping[int, int]
) -> dict[Place, SeriesPoints]:
    found: dict[Place, SeriesPoints] = {}
    for run_id, tail in snapshot.tails.items():
        for key_number, key in enumerate(query.keys):
            pieces = [
                points
                for batch in tail.batches
                if (points := _points_of(batch, key, query)) is not None
            ]
            if pieces:
                joined = join_points(pieces)
                if len(joined.x):
                    found[numbers[run_id], key_number] = joined
    return found


def _points_of(batch: ParsedRows, key: str, query: SeriesQuery) -> SeriesPoints | None:
    points = batch.points.get(key)
    if points is None:
        return None
    axes = {
        "_step": batch.step,
        "_runtime": batch.runtime,
        "_timestamp": batch.timestamp,
    }
    by_row = axes.get(query.x_axis)
    if by_row is None:
        axis = batch.points.get(query.x_axis)
        if axis is None:
            return None
        by_row = np.full(batch.row_count, np.nan)
        by_row[axis.index] = np.where(axis.kind == 0, axis.value, np.nan)
    x = by_row[points.index].astype(np.float64)
    inside = np.isfinite(x)
    if query.x_min is not None:
        inside &= x >= query.x_min
    if query.x_max is not None:
        inside &= x <= query.x_max
    return SeriesPoints(
        x[inside],
        batch.row[points.index][inside],
        points.value[inside],
        points.kind[inside],
    )
