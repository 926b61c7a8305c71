"""Reading rows back, byte-exact, from segments and tail as if they were one.

```
snapshot   segments [index][index] … + tail rows
           └─ steps, row numbers ──┴── steps, row numbers ─┐
pick       those in range, in order, sampled ◄─────────────┘
fetch      only the blocks that hold picked rows
```
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from wandb_server.ingest.rows import holds_key, parse_row
from wandb_server.operations.stores import Stores
from wandb_server.query.sampling import sample_evenly
from wandb_server.storage import catalog, lines
from wandb_server.storage.objects import object_key
from wandb_server.storage.row_segment import (
    NO_STEP,
    RowIndex,
    iterate_blocks,
    read_index,
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
    """A segment's file, or the tail's texts in memory."""

    step: Integers
    row: Integers
    path: Path | None
    index: RowIndex | None
    texts: Sequence[bytes]

    def fetch(self, wanted: Integers) -> list[bytes]:
        if self.path is not None and self.index is not None:
            return read_rows(self.path, self.index, wanted)
        return [self.texts[at] for at in wanted.tolist()]


class RowReader:
    """Reads rows of history and events."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def rows(self, run_id: int, file: str, question: RowQuestion) -> list[bytes]:
        """The rows asked for. At most `history_rows_max`, then sampled evenly.

        Raises:
            StorageDamaged: a segment is not what was written.
        """
        segments, tail = await self._snapshot(run_id, file, question)
        paths = [await self._path(segment) for segment in segments]
        limit = self._stores.settings.history_rows_max
        return await asyncio.to_thread(_select, segments, paths, tail, question, limit)

    async def rows_with_steps(
        self, run_id: int, file: str, steps: Set[int]
    ) -> Mapping[int, list[bytes]]:
        """Rows of segments (not of the tail) with these steps."""
        question = RowQuestion(min_step=min(steps), max_step=max(steps) + 1)
        segments = await self._stores.database.read(
            lambda db: _overlapping(catalog.segments_of(db, run_id, file), question)
        )
        found: dict[int, list[bytes]] = {}
        for segment in segments:
            path = await self._path(segment)
            pairs = await asyncio.to_thread(_with_steps, path, steps)
            for step, text in pairs:
                found.setdefault(step, []).append(text)
        return found

    async def all_lines(self, run_id: int, file: str) -> AsyncIterator[str]:
        """Every line in order of arrival, a block in memory at a time."""
        segments, tail = await self._snapshot(run_id, file, None)
        for segment in segments:
            path = await self._path(segment)
            index = await asyncio.to_thread(read_index, path)
            blocks = iterate_blocks(path, index)
            while (block := await asyncio.to_thread(next, blocks, None)) is not None:
                for text in block:
                    yield text.decode("utf-8", "surrogatepass")
        for row in tail:
            yield row[2].decode("utf-8", "surrogatepass")

    async def last_line(self, run_id: int, file: str) -> str | None:
        """The newest line; None if there is none."""

        def question(db: Connection) -> bytes | catalog.Segment | None:
            newest = lines.newest_tail_line(db, run_id, file)
            if newest is not None:
                return newest
            segments = catalog.segments_of(db, run_id, file)
            return segments[-1] if segments else None

        found = await self._stores.database.read(question)
        if isinstance(found, catalog.Segment):
            path = await self._path(found)
            found = await asyncio.to_thread(_last_of, path)
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
            return segments, [(row["row"], row["step"], row["text"]) for row in tail]

        return await self._stores.database.read(read)

    async def _path(self, segment: catalog.Segment) -> Path:
        return await self._stores.objects.local_path(
            object_key(segment.rows_object, ROWS_SUFFIX)
        )


ROWS_SUFFIX = "rows"


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


def _select(
    segments: Sequence[catalog.Segment],
    paths: Sequence[Path],
    tail: Sequence[tuple[int, int | None, bytes]],
    question: RowQuestion,
    limit: int,
) -> list[bytes]:
    parts = []
    for path in paths:
        index = read_index(path)
        parts.append(_Part(index.step, index.row, path, index, ()))
    parts.append(
        _Part(
            np.array([NO_STEP if row[1] is None else row[1] for row in tail], np.int64),
            np.array([row[0] for row in tail], np.int64),
            None,
            None,
            [row[2] for row in tail],
        )
    )
    part, ordinal = _in_order(parts, question)
    samples = question.samples
    if question.keys:
        texts = _holding_keys(parts, part, ordinal, question.keys)
        limit = limit if samples is None else min(samples, limit)
        return [texts[at] for at in sample_evenly(len(texts), limit).tolist()]
    chosen = sample_evenly(len(part), limit if samples is None else min(samples, limit))
    return _fetch(parts, part[chosen], ordinal[chosen])


def _in_order(
    parts: Sequence[_Part], question: RowQuestion
) -> tuple[Integers, Integers]:
    """(part, ordinal in it) of every row in range, in order."""
    step = np.concatenate([part.step for part in parts])
    row = np.concatenate([part.row for part in parts])
    which = np.repeat(np.arange(len(parts)), [len(part.step) for part in parts])
    ordinal = np.concatenate([np.arange(len(part.step)) for part in parts])
    inside = step != NO_STEP
    if question.min_step is not None:
        inside &= step >= question.min_step
    if question.max_step is not None:
        inside &= step < question.max_step
    step, row, which, ordinal = (
        step[inside],
        row[inside],
        which[inside],
        ordinal[inside],
    )
    if question.by_step:
        order = np.lexsort((row, step))
        which, ordinal = which[order], ordinal[order]
    return which.astype(np.int64), ordinal.astype(np.int64)


def _fetch(parts: Sequence[_Part], which: Integers, ordinal: Integers) -> list[bytes]:
    texts: list[bytes] = [b""] * len(which)
    for number in np.unique(which).tolist():
        places = np.flatnonzero(which == number)
        wanted, back = np.unique(ordinal[places], return_inverse=True)
        found = parts[number].fetch(wanted)
        for place, at in zip(places.tolist(), back.tolist(), strict=True):
            texts[place] = found[at]
    return texts


def _holding_keys(
    parts: Sequence[_Part], which: Integers, ordinal: Integers, keys: Sequence[str]
) -> list[bytes]:
    kept: list[bytes] = []
    for start in range(0, len(which), BLOCK_ROWS_COUNT):
        stop = start + BLOCK_ROWS_COUNT
        for text in _fetch(parts, which[start:stop], ordinal[start:stop]):
            row = parse_row(text)
            if all(holds_key(row, key) for key in keys):
                kept.append(text)
    return kept


def _with_steps(path: Path, steps: Set[int]) -> list[tuple[int, bytes]]:
    index = read_index(path)
    wanted = np.flatnonzero(np.isin(index.step, np.array(sorted(steps), np.int64)))
    found = read_rows(path, index, wanted)
    return list(zip(index.step[wanted].tolist(), found, strict=True))


def _last_of(path: Path) -> bytes:
    index = read_index(path)
    return read_rows(path, index, np.array([len(index.step) - 1], np.int64))[0]
