"""Reading rows back, byte-exact, from segments and tail as if they were one.

```
snapshot   segments … + tail rows
clusters   [segment][segment][segment + tail]   those whose steps overlap, together
pick       a cluster at a time: steps, row numbers ─► rows in range, in order
fetch      only the blocks that hold picked rows
```

One cluster's indexes and rows are in memory at a time: of a run whose steps only go up,
those of one segment.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from wandb_server.errors import StorageDamaged
from wandb_server.ingest.rows import holds_key, parse_row
from wandb_server.ingest.segments import steps_in_order
from wandb_server.operations.row_indexes import RowIndexes
from wandb_server.operations.segment_rows import OpenedRows, open_rows, whole_rows
from wandb_server.operations.stores import Stores
from wandb_server.query.sampling import sample_evenly
from wandb_server.storage import catalog, lines
from wandb_server.storage.row_segment import (
    NO_STEP,
    RowIndex,
    iterate_blocks,
    read_rows,
)

Integers = npt.NDArray[np.int64]
BLOCK_ROWS_COUNT = 4_096
"""Rows parsed at a time while looking for keys."""


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """Which rows: half-open steps, dotted keys that they must hold, how many."""

    min_step: int | None = None
    max_step: int | None = None
    keys: tuple[str, ...] = ()
    samples: int | None = None
    by_step: bool = True
    """Order by (step, arrival), else by arrival."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of a segment's file, or the tail's texts in memory."""

    step: Integers
    row: Integers
    path: Path | None
    index: RowIndex | None
    texts: Sequence[bytes]

    def fetch(self, wanted: Integers) -> list[bytes]:
        if self.path is not None and self.index is not None:
            return read_rows(self.path, self.index, wanted)
        return [self.texts[at] for at in wanted.tolist()]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment or the tail, before its rows are looked at."""

    step_min: int
    step_max: int
    first_row: int
    end_row: int
    in_order: bool
    content: Path | _Part
    left: RowIndex | None = None
    """Of a damaged segment: what can be read."""

    def open(self, indexes: RowIndexes) -> _Part:
        if isinstance(self.content, _Part):
            return self.content
        index = self.left or indexes.read(self.content)
        return _Part(index.step, index.row, self.content, index, ())


@dataclass(frozen=True, slots=True)
class _Picked:
    """Rows of a cluster: (part, ordinal in it), in the order of the answer."""

    parts: Sequence[_Part]
    part: Integers
    ordinal: Integers

    def fetch(self, chosen: Integers) -> list[bytes]:
        return _fetch(self.parts, self.part[chosen], self.ordinal[chosen])


class RowReader:
    """Reads rows of history and events."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def rows(self, run_id: int, file: str, question: RowQuestion) -> list[bytes]:
        """The rows asked for. At most `history_rows_max`, then sampled evenly.

        Without what damaged segments have lost: `stores.damage` knows it then.
        """
        segments, tail = await self._snapshot(run_id, file, question)
        try:
            return await self._chosen(segments, tail, question)
        except StorageDamaged:  # since it was looked at
            self._stores.damage.forget([one.rows_object for one in segments])
            return await self._chosen(segments, tail, question)

    async def _chosen(
        self,
        segments: Sequence[catalog.Segment],
        tail: Sequence[tuple[int, int | None, bytes]],
        question: RowQuestion,
    ) -> list[bytes]:
        opened = await open_rows(self._stores, segments)
        limit = self._stores.settings.history_rows_max
        pieces = [_segment(one) for one in opened]
        if (rest := _tail(tail)) is not None:
            pieces.append(rest)
        if question.samples is not None:
            limit = min(limit, question.samples)
        return await asyncio.to_thread(
            _select, _clusters(pieces, question), self._stores.indexes, question, limit
        )

    async def rows_with_steps(
        self, run_id: int, file: str, steps: Set[int]
    ) -> Mapping[int, list[bytes]]:
        """Rows of segments (not of the tail) with these steps; no lost ones."""
        question = RowQuestion(min_step=min(steps), max_step=max(steps) + 1)
        segments = await self._stores.database.read(
            lambda db: _overlapping(catalog.segments_of(db, run_id, file), question)
        )
        found: dict[int, list[bytes]] = {}
        for one in await open_rows(self._stores, segments):
            pairs = await asyncio.to_thread(
                _with_steps, one, self._stores.indexes, steps
            )
            for step, text in pairs:
                found.setdefault(step, []).append(text)
        return found

    async def all_lines(self, run_id: int, file: str) -> AsyncIterator[str]:
        """Every line in order of arrival, a block in memory at a time.

        Raises:
            StorageDamaged: lines are lost.
        """
        segments, tail = await self._snapshot(run_id, file, None)
        for path in await whole_rows(self._stores, segments):
            index = await asyncio.to_thread(self._stores.indexes.read, path)
            blocks = iterate_blocks(path, index)
            while (block := await asyncio.to_thread(next, blocks, None)) is not None:
                for text in block:
                    yield text.decode("utf-8", "surrogatepass")
        for row in tail:
            yield row[2].decode("utf-8", "surrogatepass")

    async def last_line(self, run_id: int, file: str) -> str | None:
        """The newest line; None if there is none.

        Raises:
            StorageDamaged: it is lost.
        """

        def question(db: Connection) -> bytes | catalog.Segment | None:
            newest = lines.newest_tail_line(db, run_id, file)
            if newest is not None:
                return newest
            segments = catalog.segments_of(db, run_id, file)
            return segments[-1] if segments else None

        found = await self._stores.database.read(question)
        if isinstance(found, catalog.Segment):
            [path] = await whole_rows(self._stores, [found])
            found = await asyncio.to_thread(_last_of, path, self._stores.indexes)
        return None if found is None else found.decode("utf-8", "surrogatepass")

    async def _snapshot(
        self, run_id: int, file: str, question: RowQuestion | None
    ) -> tuple[list[catalog.Segment], list[tuple[int, int | None, bytes]]]:
        def read(
            db: Connection,
        ) -> tuple[list[catalog.Segment], list[tuple[int, int | None, bytes]]]:
            segments = catalog.segments_of(db, run_id, file)
            steps: tuple[int | None, int | None] = (None, None)
            if question is not None:
                segments = _overlapping(segments, question)
                steps = (question.min_step, question.max_step)
            tail = lines.read_tail(db, run_id, file, steps=steps)
            return segments, tail

        return await self._stores.database.read(read)


def _overlapping(
    segments: Sequence[catalog.Segment], question: RowQuestion
) -> list[catalog.Segment]:
    low, high = question.min_step, question.max_step
    return [
        segment
        for segment in segments
        if segment.step_min is not None
        and segment.step_max is not None
        and (low is None or segment.step_max >= low)
        and (high is None or segment.step_min < high)
    ]


def _segment(opened: OpenedRows) -> _Piece:
    segment = opened.segment
    assert segment.step_min is not None
    assert segment.step_max is not None
    return _Piece(
        segment.step_min,
        segment.step_max,
        segment.first_row,
        segment.end_row,
        segment.in_order,
        opened.path,
        opened.left,
    )


def _tail(tail: Sequence[tuple[int, int | None, bytes]]) -> _Piece | None:
    """None without any row that has a step."""
    step = np.array([row[1] for row in tail if row[1] is not None], np.int64)
    if not len(step):
        return None
    row = np.array([row[0] for row in tail if row[1] is not None], np.int64)
    texts = [row[2] for row in tail if row[1] is not None]
    return _Piece(
        int(step.min()),
        int(step.max()),
        int(row[0]),
        int(row[-1]) + 1,
        steps_in_order(step),
        _Part(step, row, None, None, texts),
    )


def _clusters(
    pieces: Sequence[_Piece], question: RowQuestion
) -> list[Sequence[_Piece]]:
    """Pieces to be sorted together; rows of one come before those of the next."""
    if not question.by_step:
        return [[piece] for piece in pieces]
    clusters: list[list[_Piece]] = []
    high, end_row = 0, 0
    for piece in sorted(pieces, key=lambda piece: (piece.step_min, piece.first_row)):
        apart = piece.step_min > high or (
            piece.step_min == high and piece.first_row >= end_row
        )
        if clusters and not apart:
            clusters[-1].append(piece)
            high, end_row = max(high, piece.step_max), max(end_row, piece.end_row)
        else:
            clusters.append([piece])
            high, end_row = piece.step_max, piece.end_row
    return list(clusters)


def _select(
    clusters: Sequence[Sequence[_Piece]],
    indexes: RowIndexes,
    question: RowQuestion,
    limit: int,
) -> list[bytes]:
    """At most `limit` rows, evenly spread over all that were asked for."""

    def picked() -> Iterator[_Picked]:
        for cluster in clusters:
            parts = [piece.open(indexes) for piece in cluster]
            yield _Picked(parts, *_in_order(parts, cluster, question))

    texts: list[bytes] = []
    matching: list[npt.NDArray[np.bool_]] = []
    total = 0
    for rows in picked():
        matches = _matches(rows, question.keys)
        matching.append(matches)
        total += int(matches.sum())
        if total <= limit:
            texts.extend(rows.fetch(np.flatnonzero(matches)))
        else:
            texts.clear()
    if total <= limit:
        return texts
    chosen = sample_evenly(total, limit)
    first = 0
    for rows, matches in zip(picked(), matching, strict=True):
        places = np.flatnonzero(matches)
        mine = chosen[(chosen >= first) & (chosen < first + len(places))] - first
        texts.extend(rows.fetch(places[mine]))
        first += len(places)
    return texts


def _in_order(
    parts: Sequence[_Part], pieces: Sequence[_Piece], question: RowQuestion
) -> tuple[Integers, Integers]:
    """(part, ordinal in it) of every row of a cluster in range, in order."""
    which: list[Integers] = []
    ordinals: list[Integers] = []
    for number, part in enumerate(parts):
        inside = part.step != NO_STEP
        if question.min_step is not None:
            inside &= part.step >= question.min_step
        if question.max_step is not None:
            inside &= part.step < question.max_step
        ordinals.append(np.flatnonzero(inside).astype(np.int64))
        which.append(np.full(len(ordinals[-1]), number, np.int64))
    found = np.concatenate(which), np.concatenate(ordinals)
    if not question.by_step or (len(pieces) == 1 and pieces[0].in_order):
        return found
    pairs = list(zip(parts, ordinals, strict=True))
    step = np.concatenate([part.step[mine] for part, mine in pairs])
    row = np.concatenate([part.row[mine] for part, mine in pairs])
    order = np.lexsort((row, step))
    return found[0][order], found[1][order]


def _matches(rows: _Picked, keys: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which rows hold all keys."""
    matches = np.ones(len(rows.part), np.bool_)
    if not keys:
        return matches
    for start in range(0, len(matches), BLOCK_ROWS_COUNT):
        places = np.arange(start, min(start + BLOCK_ROWS_COUNT, len(matches)))
        for place, text in zip(places.tolist(), rows.fetch(places), strict=True):
            row = parse_row(text)
            matches[place] = all(holds_key(row, key) for key in keys)
    return matches


def _fetch(parts: Sequence[_Part], which: Integers, ordinal: Integers) -> list[bytes]:
    texts: list[bytes] = [b""] * len(which)
    for number in np.unique(which).tolist():
        places = np.flatnonzero(which == number)
        wanted, back = np.unique(ordinal[places], return_inverse=True)
        found = parts[number].fetch(wanted)
        for place, at in zip(places.tolist(), back.tolist(), strict=True):
            texts[place] = found[at]
    return texts


def _with_steps(
    opened: OpenedRows, indexes: RowIndexes, steps: Set[int]
) -> list[tuple[int, bytes]]:
    index = opened.left or indexes.read(opened.path)
    wanted = np.flatnonzero(np.isin(index.step, np.array(sorted(steps), np.int64)))
    found = read_rows(opened.path, index, wanted)
    return list(zip(index.step[wanted].tolist(), found, strict=True))


def _last_of(path: Path, indexes: RowIndexes) -> bytes:
    index = indexes.read(path)
    return read_rows(path, index, np.array([len(index.step) - 1], np.int64))[0]
