"""Series for charts: segments, their blocks and the tail as one.

```
survey   blocks of long runs: which series have so many points in range that whole
         blocks may stand for them                            memory, else DuckDB
cuts     the points of blocks that the ends of the range cut          DuckDB
bounds   count, low and high of all other series                      DuckDB
small    count <= buckets: the points themselves                      DuckDB
large    sums per bucket of points (DuckDB), blocks, cuts and tail (numpy), merged
```

Every point in range is counted in exactly one of these.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from wandb_server.model.history import Series, SeriesQuery
from wandb_server.operations.long_series import (
    BlockReader,
    SegmentFile,
    Survey,
)
from wandb_server.operations.stores import Stores
from wandb_server.query.answers import as_it_is, in_buckets
from wandb_server.query.buckets import (
    Partials,
    Range,
    SeriesPoints,
    join_points,
    merge_partials,
    reduce_points,
)
from wandb_server.query.places import Place, split_by_place, without_place
from wandb_server.storage import series_questions
from wandb_server.storage.series_questions import Columns, Integers, SeriesSource

_POINT_TYPES = {"x": "f8", "row": "i8", "value": "f8", "kind": "u1"}


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything that a question needs, before it is put together."""

    counts: Mapping[Place, int]
    loose: Mapping[Place, SeriesPoints]
    """Points in memory: of tails, and of cut blocks."""
    blocks: Mapping[Place, Sequence[Partials]]
    points: Columns
    sums: Columns


class SeriesReader:
    """Answers one question after the other."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._blocks = BlockReader(stores)

    async def read(
        self,
        query: SeriesQuery,
        names: Sequence[str],
        files: Sequence[SegmentFile],
        tails: Mapping[Place, SeriesPoints],
    ) -> list[Series]:
        """Series by (run, key). `files` and `tails` name runs by place in `names`."""
        survey = await self._blocks.survey(query, files)
        cuts = await self._cut_points(query, survey)
        loose = await asyncio.to_thread(_join_loose, tails, cuts)
        source = _source(query, files, *survey.other_pairs)
        bounds = await self._bounds(source)
        counts, low, high = _join_bounds(bounds, loose, survey)
        axis = Range(
            low if query.x_min is None else query.x_min,
            high if query.x_max is None else query.x_max,
            query.buckets,
        )
        small = [place for place, count in counts.items() if count <= query.buckets]
        found = _Found(
            counts,
            loose,
            await self._blocks.partials(query, files, survey, axis),
            await self._points(_only(source, small, chosen=True)),
            await self._sums(_only(source, small, chosen=False), axis),
        )
        return await asyncio.to_thread(_assemble, query, names, axis, found)

    async def _cut_points(
        self, query: SeriesQuery, survey: Survey
    ) -> Mapping[Place, SeriesPoints]:
        if not len(survey.cut_blocks):
            return {}
        source = _source(query, survey.files, survey.cut_files, survey.cut_keys)
        columns = await self._stores.tables.ask(
            lambda cursor: series_questions.block_points(
                cursor, source, survey.cut_blocks
            )
        )
        return {
            place: SeriesPoints(**without_place(part))
            for place, part in split_by_place(columns).items()
        }

    async def _bounds(self, source: SeriesSource) -> Columns:
        if not len(source.pair_file):
            return {}
        return await self._stores.tables.ask(
            lambda cursor: series_questions.bounds(cursor, source)
        )

    async def _points(self, source: SeriesSource) -> Columns:
        if not len(source.pair_file):
            return {}
        return await self._stores.tables.ask(
            lambda cursor: series_questions.points(cursor, source)
        )

    async def _sums(self, source: SeriesSource, axis: Range) -> Columns:
        if not len(source.pair_file):
            return {}
        return await self._stores.tables.ask(
            lambda cursor: series_questions.reduced(
                cursor, source, axis.low, axis.high, axis.buckets
            )
        )


def _source(
    query: SeriesQuery,
    files: Sequence[SegmentFile],
    pair_file: Integers,
    pair_key: Integers,
) -> SeriesSource:
    return SeriesSource(
        [(file.run, file.path) for file in files],
        query.keys,
        pair_file,
        pair_key,
        query.x_axis,
        query.x_min,
        query.x_max,
    )


def _only(
    source: SeriesSource, places: Iterable[Place], *, chosen: bool
) -> SeriesSource:
    """The pairs that are of these places, or those that are not."""
    width = len(source.keys)
    runs = np.array([run for run, _ in source.files], np.int64)
    codes = np.array([run * width + key for run, key in places], np.int64)
    mine: npt.NDArray[np.bool_] = np.isin(
        runs[source.pair_file] * width + source.pair_key, codes, invert=not chosen
    )
    return replace(
        source, pair_file=source.pair_file[mine], pair_key=source.pair_key[mine]
    )


def _join_loose(
    tails: Mapping[Place, SeriesPoints], cuts: Mapping[Place, SeriesPoints]
) -> dict[Place, SeriesPoints]:
    joined = dict(tails)
    for place, points in cuts.items():
        pieces = [points, tails[place]] if place in tails else [points]
        joined[place] = join_points(pieces)
    return joined


def _join_bounds(
    stored: Columns, loose: Mapping[Place, SeriesPoints], survey: Survey
) -> tuple[dict[Place, int], float, float]:
    """Points of every series, and the lowest and highest x of all."""
    counts = {place: len(points.x) for place, points in loose.items()}
    edges = [edge for points in loose.values() for edge in (points.x[0], points.x[-1])]
    for place, whole in survey.long.items():
        counts[place] = counts.get(place, 0) + whole.count
        edges.extend((whole.low, whole.high))
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
    query: SeriesQuery, names: Sequence[str], axis: Range, found: _Found
) -> list[Series]:
    points, sums = split_by_place(found.points), split_by_place(found.sums)
    answer = []
    for place in sorted(found.counts):
        run, key = names[place[0]], query.keys[place[1]]
        loose = found.loose.get(place)
        if found.counts[place] <= query.buckets:
            pieces = [SeriesPoints(**_point_columns(points.get(place)))]
            if loose is not None:
                pieces.append(loose)
            answer.append(as_it_is(run, key, join_points(pieces)))
            continue
        partials = list(found.blocks.get(place, ()))
        if place in sums:
            partials.append(Partials(**without_place(sums[place])))
        if loose is not None:
            partials.append(reduce_points(loose, axis.place(loose.x)))
        answer.append(in_buckets(run, key, merge_partials(partials)))
    return answer


def _point_columns(columns: Columns | None) -> Columns:
    if columns is None:
        return {name: np.empty(0, dtype) for name, dtype in _POINT_TYPES.items()}
    return without_place(columns)
