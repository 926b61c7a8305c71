"""Metric names, and series for charts: segments and tail as one.

```
snapshot   segments, tails (parsed, in memory)
bounds     count, low, high of every (run, key)      DuckDB + numpy
small      count <= buckets: the points themselves
large      sums per bucket of segments (DuckDB) and tail (numpy), merged
```
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from sqlalchemy import Connection

from wandb_server.errors import QueryError
from wandb_server.ingest.fact_tables import add_up
from wandb_server.ingest.rows import ParsedRows
from wandb_server.model import MetricKey, Run, Series, SeriesQuery
from wandb_server.operations.keys import tables_of_runs
from wandb_server.operations.stores import Operations
from wandb_server.operations.tails import Tail
from wandb_server.query.answers import as_it_is, in_buckets
from wandb_server.query.buckets import (
    Partials,
    Range,
    SeriesPoints,
    join_points,
    merge_partials,
    reduce_points,
)
from wandb_server.storage import catalog, listing
from wandb_server.storage.lines import HISTORY
from wandb_server.storage.objects import object_key
from wandb_server.storage.tables import Columns, SeriesSource

SERIES_SUFFIX = "parquet"
_POINT_TYPES = {"x": "f8", "row": "i8", "value": "f8", "kind": "u1"}
Place = tuple[int, int]
"""(run, key) by their places in the question."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the named runs have, at one moment."""

    segments: Mapping[int, Sequence[catalog.Segment]]
    tails: Mapping[int, Tail]


class Charts(Operations):
    """Questions that pages ask all the time."""

    async def metric_keys(self, run: Run) -> Sequence[MetricKey]:
        """Every dotted key of the run's history, by name."""
        tables = await tables_of_runs(self._stores, [run.id])
        return await asyncio.to_thread(add_up, tables)

    async def project_metric_keys(
        self, entity: str, project: str, runs: Sequence[str]
    ) -> Sequence[MetricKey]:
        """Union over these runs (all of the project's if empty)."""
        ids = await self._ids(entity, project, runs)
        tables = await tables_of_runs(self._stores, list(ids.values()))
        return await asyncio.to_thread(add_up, tables)

    async def series(self, query: SeriesQuery) -> Sequence[Series]:
        """One series per run and key that has points in range, runs first.

        Raises:
            QueryError: more runs, keys or buckets than the settings allow.
        """
        query = self._checked(query)
        ids = await self._ids(query.entity, query.project, query.runs)
        if not ids or not query.keys:
            return ()
        names = [name for name in query.runs if name in ids]
        snapshot = await self._snapshot(list(ids.values()))
        numbers = {ids[name]: at for at, name in enumerate(names)}
        source = await self._source(query, snapshot, numbers)
        tails = await asyncio.to_thread(_tail_points, query, snapshot, numbers)
        return await self._reduce(query, names, source, tails)

    async def _reduce(
        self,
        query: SeriesQuery,
        names: Sequence[str],
        source: SeriesSource,
        tails: Mapping[Place, SeriesPoints],
    ) -> Sequence[Series]:
        tables = self._stores.tables
        stored = await tables.bounds(source) if source.files else {}
        counts, low, high = _join_bounds(stored, tails)
        low = low if query.x_min is None else query.x_min
        high = high if query.x_max is None else query.x_max
        axis = Range(low, high, query.buckets)
        large = {place for place, count in counts.items() if count > query.buckets}
        points: Columns = {}
        sums: Columns = {}
        if source.files and len(large) < len(counts):
            small = sorted({key for _, key in counts.keys() - large})
            points = await tables.points(
                replace(source, keys=[source.keys[key] for key in small])
            )
            points["key"] = np.array(small, np.int64)[points["key"].astype(np.int64)]
        if source.files and large:
            sums = await tables.reduced(source, low, high, query.buckets)
        return await asyncio.to_thread(
            _assemble, query, names, axis, counts, tails, points, sums
        )

    async def _source(
        self,
        query: SeriesQuery,
        snapshot: _Snapshot,
        numbers: Mapping[int, int],
    ) -> SeriesSource:
        files = []
        for run_id, segments in snapshot.segments.items():
            for segment in segments:
                if segment.series_object is not None and _may_hold(segment, query):
                    path = await self._stores.objects.local_path(
                        object_key(segment.series_object, SERIES_SUFFIX)
                    )
                    files.append((numbers[run_id], str(path)))
        return SeriesSource(files, query.keys, query.x_axis, query.x_min, query.x_max)

    async def _snapshot(self, ids: Sequence[int]) -> _Snapshot:
        def question(db: Connection) -> _Snapshot:
            marks = listing.marks_of_runs(db, ids)
            tails = {
                run_id: self._stores.tails.read(db, run_id, *place)
                for run_id, place in marks.items()
            }
            return _Snapshot(catalog.segments_of_runs(db, ids, HISTORY), tails)

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


def _join_bounds(
    stored: Columns, tails: Mapping[Place, SeriesPoints]
) -> tuple[dict[Place, int], float, float]:
    """Points of every series, and the lowest and highest x of all."""
    counts = {place: len(points.x) for place, points in tails.items()}
    edges = [edge for points in tails.values() for edge in (points.x[0], points.x[-1])]
    if stored:
        places = zip(stored["run"].tolist(), stored["key"].tolist(), strict=True)
        for place, count in zip(places, stored["count"].tolist(), strict=True):
            counts[place] = counts.get(place, 0) + count
        edges.extend(stored["low"].tolist())
        edges.extend(stored["high"].tolist())
    if not edges:
        return counts, 0.0, 0.0
    return counts, float(min(edges)), float(max(edges))


def _assemble(
    query: SeriesQuery,
    names: Sequence[str],
    axis: Range,
    counts: Mapping[Place, int],
    tails: Mapping[Place, SeriesPoints],
    points: Columns,
    sums: Columns,
) -> list[Series]:
    stored_points = _split(points)
    stored_sums = _split(sums)
    answer = []
    for place in sorted(counts):
        run, key = names[place[0]], query.keys[place[1]]
        if counts[place] <= query.buckets:
            pieces = [SeriesPoints(**_point_columns(stored_points.get(place)))]
            if place in tails:
                pieces.append(tails[place])
            answer.append(as_it_is(run, key, join_points(pieces)))
            continue
        partials = []
        if place in stored_sums:
            partials.append(Partials(**_without_place(stored_sums[place])))
        if place in tails:
            partials.append(reduce_points(tails[place], axis.place(tails[place].x)))
        answer.append(in_buckets(run, key, merge_partials(partials)))
    return answer


def _split(columns: Columns) -> dict[Place, Columns]:
    """Rows of an answer by (run, key)."""
    if not columns or not len(columns["run"]):
        return {}
    order = np.lexsort((columns["key"], columns["run"]))
    columns = {name: column[order] for name, column in columns.items()}
    changed = (np.diff(columns["run"]) != 0) | (np.diff(columns["key"]) != 0)
    starts = [0, *(np.flatnonzero(changed) + 1).tolist(), len(order)]
    return {
        (int(columns["run"][start]), int(columns["key"][start])): {
            name: column[start:end] for name, column in columns.items()
        }
        for start, end in pairwise(starts)
    }


def _point_columns(columns: Columns | None) -> Columns:
    if columns is None:
        return {name: np.empty(0, dtype) for name, dtype in _POINT_TYPES.items()}
    return _without_place(columns)


def _without_place(columns: Columns) -> Columns:
    return {name: c for name, c in columns.items() if name not in ("run", "key")}
