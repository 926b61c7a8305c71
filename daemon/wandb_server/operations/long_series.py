"""Series so long that blocks of 64 points stand for their points.

```
survey    portion of files and keys ─► blocks ─► whole, cut │ low, high, count   kept
partials  portion of files and keys ─► blocks ─► whole ─► sums per bucket
```

A question that fits into the cache reads its blocks once; a larger one reads them once
for the survey and once for the sums, a portion in memory at a time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wandb_server.model.history import SeriesQuery
from wandb_server.operations.stores import Stores
from wandb_server.query.blocks import (
    BLOCK_POINTS,
    POINTS_PER_BUCKET_MIN,
    SeriesBlocks,
    block_partials,
    choose_blocks,
)
from wandb_server.query.buckets import Partials, Range
from wandb_server.query.places import Place, split_by_place, without_place
from wandb_server.storage import series_questions
from wandb_server.storage.series_questions import AXES, BlockSource, Integers

PORTION_BLOCKS = 500_000
"""Blocks in memory at once beside those in the cache, about 80 bytes each."""
CUTS_PER_FILE_MAX = 8
"""A series of a file with more cut blocks (its x goes up and down, or many points have
one step) is read point by point."""


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """The series of a segment, as a question sees it."""

    run: int
    """The run's place in the question."""
    row_count: int
    path: str
    blocks_object: int | None
    blocks_path: str


@dataclass(frozen=True, slots=True)
class WholeBlocks:
    """What the blocks inside the range add up to."""

    count: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Survey:
    """How each series of a question is to be read."""

    files: Sequence[SegmentFile]
    long: Mapping[Place, WholeBlocks]
    """Series whose blocks stand for their points."""
    block_pairs: frozenset[tuple[int, int]]
    """(file, key) of which the whole blocks are taken."""
    cut_files: Integers
    cut_keys: Integers
    cut_blocks: Integers
    """Blocks to be read point by point: file, key and number."""
    other_pairs: tuple[Integers, Integers]
    """(file, key) of which every point in range is read."""


@dataclass(frozen=True, slots=True)
class _Portion:
    """Files and keys whose blocks fit into memory."""

    files: Sequence[int]
    keys: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the blocks of one (file, key) say about the range."""

    whole: WholeBlocks | None
    cuts: Integers


class BlockReader:
    """Reads blocks, through the cache."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def survey(self, query: SeriesQuery, files: Sequence[SegmentFile]) -> Survey:
        """Look at the blocks of every run that is long enough."""
        portions = _portions(query, files)
        looks: dict[tuple[int, int], _Look] = {}
        looked: set[tuple[int, int]] = set()
        for portion in portions:
            blocks = await self._read(query, files, portion)
            looks.update(await asyncio.to_thread(_look_at, query, blocks))
            looked.update((at, key) for at in portion.files for key in portion.keys)
        return await asyncio.to_thread(_sum_up, query, files, looks, looked)

    async def partials(
        self,
        query: SeriesQuery,
        files: Sequence[SegmentFile],
        survey: Survey,
        axis: Range,
    ) -> dict[Place, list[Partials]]:
        """Sums per bucket of the whole blocks of long series."""
        found: dict[Place, list[Partials]] = {}
        if not survey.long:
            return found
        for portion in _portions(query, files):
            wanted = [
                (at, key)
                for at in portion.files
                for key in portion.keys
                if (at, key) in survey.block_pairs
            ]
            if not wanted:
                continue
            blocks = await self._read(query, files, portion)
            sums = await asyncio.to_thread(
                _sums, query, {pair: blocks[pair] for pair in wanted}, axis
            )
            for (at, key), partials in sums.items():
                found.setdefault((files[at].run, key), []).append(partials)
        return found

    async def _read(
        self, query: SeriesQuery, files: Sequence[SegmentFile], portion: _Portion
    ) -> dict[tuple[int, int], SeriesBlocks]:
        """Blocks by (file, key), of pairs that have any."""
        cache = self._stores.blocks
        found: dict[tuple[int, int], SeriesBlocks] = {}
        missing = []
        for at in portion.files:
            for key in portion.keys:
                number = files[at].blocks_object
                assert number is not None
                place = (number, query.keys[key], query.x_axis)
                if place not in cache:
                    missing.append((at, key))
                elif (blocks := cache.get(place)) is not None:
                    found[at, key] = blocks
        if missing:
            read = await self._ask(query, files, missing)
            for at, key in missing:
                number = files[at].blocks_object
                assert number is not None
                place = (number, query.keys[key], query.x_axis)
                cache.put(place, read.get((at, key)))
            found.update(read)
        return found

    async def _ask(
        self,
        query: SeriesQuery,
        files: Sequence[SegmentFile],
        pairs: Sequence[tuple[int, int]],
    ) -> dict[tuple[int, int], SeriesBlocks]:
        pair_file, pair_key = _columns(pairs)
        paths = [file.blocks_path for file in files]
        source = BlockSource(paths, query.keys, pair_file, pair_key, query.x_axis)
        columns = await self._stores.tables.ask(
            lambda cursor: series_questions.blocks(cursor, source)
        )
        return await asyncio.to_thread(_split, columns)


def _portions(query: SeriesQuery, files: Sequence[SegmentFile]) -> list[_Portion]:
    """Files of runs that may have long series, in portions by run and keys."""
    if query.x_axis not in AXES:
        return []
    by_run: dict[int, list[int]] = {}
    for at, file in enumerate(files):
        if file.blocks_object is not None:
            by_run.setdefault(file.run, []).append(at)
    portions: list[_Portion] = []
    open_files: list[int] = []
    open_size = 0
    keys = range(len(query.keys))
    for mine in by_run.values():
        if sum(files[at].row_count for at in mine) < _points_min(query):
            continue
        # A key has at most one point per row, and one block more at either end.
        size = sum(files[at].row_count // BLOCK_POINTS + 2 for at in mine)
        if size * len(keys) > PORTION_BLOCKS:
            step = max(1, PORTION_BLOCKS // size)
            portions.extend(
                _Portion(mine, keys[first : first + step])
                for first in range(0, len(keys), step)
            )
            continue
        if open_files and (open_size + size) * len(keys) > PORTION_BLOCKS:
            portions.append(_Portion(open_files, keys))
            open_files, open_size = [], 0
        open_files = [*open_files, *mine]
        open_size += size
    return [*portions, _Portion(open_files, keys)] if open_files else portions


def _points_min(query: SeriesQuery) -> int:
    return POINTS_PER_BUCKET_MIN * query.buckets


def _look_at(
    query: SeriesQuery, blocks: Mapping[tuple[int, int], SeriesBlocks]
) -> dict[tuple[int, int], _Look]:
    return {pair: _look(query, mine) for pair, mine in blocks.items()}


def _look(query: SeriesQuery, blocks: SeriesBlocks) -> _Look:
    chosen = choose_blocks(blocks, query.x_min, query.x_max)
    cuts = blocks.block[chosen.cut]
    if not chosen.whole.any():
        return _Look(None, cuts)
    whole = WholeBlocks(
        count=int(blocks.count[chosen.whole].sum(dtype=np.int64)),
        low=float(blocks.x_first[chosen.whole].min()),
        high=float(blocks.x_last[chosen.whole].max()),
    )
    return _Look(whole, cuts)


def _sum_up(
    query: SeriesQuery,
    files: Sequence[SegmentFile],
    looks: Mapping[tuple[int, int], _Look],
    looked: set[tuple[int, int]],
) -> Survey:
    smooth = {
        pair: look
        for pair, look in looks.items()
        if len(look.cuts) <= CUTS_PER_FILE_MAX
    }
    long: dict[Place, WholeBlocks] = {}
    for (at, key), look in smooth.items():
        if look.whole is not None:
            place = (files[at].run, key)
            known = long.get(place)
            long[place] = look.whole if known is None else _join(known, look.whole)
    long = {p: whole for p, whole in long.items() if whole.count >= _points_min(query)}
    by_blocks = {pair for pair in smooth if (files[pair[0]].run, pair[1]) in long}
    cuts = [
        (*pair, block) for pair in by_blocks for block in smooth[pair].cuts.tolist()
    ]
    cut = np.array(cuts, np.int64).reshape(-1, 3)
    return Survey(
        files=files,
        long=long,
        block_pairs=frozenset(pair for pair in by_blocks if smooth[pair].whole),
        cut_files=cut[:, 0],
        cut_keys=cut[:, 1],
        cut_blocks=cut[:, 2],
        # A pair that was looked at and has no blocks has no points.
        other_pairs=_remaining(query, files, by_blocks | (looked - looks.keys())),
    )


def _join(first: WholeBlocks, second: WholeBlocks) -> WholeBlocks:
    return WholeBlocks(
        first.count + second.count,
        min(first.low, second.low),
        max(first.high, second.high),
    )


def _remaining(
    query: SeriesQuery, files: Sequence[SegmentFile], done: set[tuple[int, int]]
) -> tuple[Integers, Integers]:
    """Every (file, key) but those."""
    width = len(query.keys)
    left = np.ones((len(files), width), np.bool_)
    if done:
        left[_columns(sorted(done))] = False
    pair_file, pair_key = np.nonzero(left)
    return pair_file.astype(np.int64), pair_key.astype(np.int64)


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[Integers, Integers]:
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _sums(
    query: SeriesQuery, blocks: Mapping[tuple[int, int], SeriesBlocks], axis: Range
) -> dict[tuple[int, int], Partials]:
    return {
        pair: block_partials(
            mine, choose_blocks(mine, query.x_min, query.x_max).whole, axis
        )
        for pair, mine in blocks.items()
    }


def _split(columns: series_questions.Columns) -> dict[tuple[int, int], SeriesBlocks]:
    places = ("file", "key")
    return {
        pair: SeriesBlocks(
            # Copies: what the cache keeps must not hold on to the whole answer.
            **{name: c.copy() for name, c in without_place(part, places).items()}
        )
        for pair, part in split_by_place(columns, places).items()
    }
