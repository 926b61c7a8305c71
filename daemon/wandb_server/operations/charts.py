"""Metric names, and series for charts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from wandb_server.errors import QueryError
from wandb_server.ingest.fact_tables import add_up
from wandb_server.ingest.rows import ParsedRows
from wandb_server.model.history import MetricKey, Series, SeriesQuery
from wandb_server.model.runs import Run
from wandb_server.operations.keys import tables_of_runs
from wandb_server.operations.long_series import SegmentFile
from wandb_server.operations.series import SeriesReader
from wandb_server.operations.stores import Operations
from wandb_server.operations.tails import Tail, TailPlace
from wandb_server.query.buckets import SeriesPoints, join_points
from wandb_server.query.places import Place
from wandb_server.storage import catalog, listing
from wandb_server.storage.lines import HISTORY, STREAMS
from wandb_server.storage.objects import object_key

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
        ids = await self._ids(query.entity, query.project, query.runs)
        if not ids or not query.keys:
            return ()
        names = [name for name in query.runs if name in ids]
        snapshot = await self._snapshot(list(ids.values()), file)
        numbers = {ids[name]: at for at, name in enumerate(names)}
        files = await self._files(query, snapshot, numbers)
        tails = await asyncio.to_thread(_tail_points, query, snapshot, numbers)
        return await SeriesReader(self._stores).read(query, names, files, tails)

    async def _files(
        self,
        query: SeriesQuery,
        snapshot: _Snapshot,
        numbers: Mapping[int, int],
    ) -> list[SegmentFile]:
        place = self._stores.objects.local_path
        files = []
        for run_id, segments in snapshot.segments.items():
            for segment in segments:
                if segment.series_object is None or not _may_hold(segment, query):
                    continue
                path = await place(object_key(segment.series_object, SERIES_SUFFIX))
                blocks = segment.blocks_object
                blocks_path = ""
                if blocks is not None:
                    blocks_path = str(await place(object_key(blocks, BLOCKS_SUFFIX)))
                files.append(
                    SegmentFile(
                        numbers[run_id],
                        segment.row_count,
                        str(path),
                        blocks,
                        blocks_path,
                    )
                )
        return files

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
