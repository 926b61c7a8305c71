"""Media in the history of runs: at which steps a key has some, and what it is there.

A row is only looked into where its text holds `"_type"`, once: what was found is kept
as steps per key, and only rows behind the last one seen are read again. Row numbers
stay the same when rows move from the tail to segments and when segments are merged.
"""

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from wandb_server.ingest.columns import DEPTH_MAX
from wandb_server.ingest.rows import holds_key, parse_row, value_at
from wandb_server.model.history import MediaValue
from wandb_server.model.json_value import Json
from wandb_server.model.runs import Run
from wandb_server.operations.media_steps import MediaSteps
from wandb_server.operations.rows import RowReader
from wandb_server.operations.segment_rows import OpenedRows, open_rows
from wandb_server.operations.stores import Operations
from wandb_server.query.sampling import sample_evenly
from wandb_server.storage import catalog, lines
from wandb_server.storage.row_segment import NO_STEP, RowIndex, iterate_readable
from wandb_server.storage.tail_batch import with_steps

MARK = b'"_type"'
VALUES_COUNT_MAX = 500
"""Values of one answer: histograms over steps."""


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What came since the last look: segments with rows behind it, and the tail."""

    segments: Sequence[catalog.Segment]
    tail: Sequence[tuple[int, int, bytes]]


class MediaHistory(Operations):
    """Questions of media panels."""

    async def media_steps(self, run: Run, key: str) -> Sequence[int]:
        """Steps at which the run has the key as media, ascending, each once."""
        found = await self._steps(run.id)
        return found.of(key)

    async def media_at(
        self, run: Run, key: str, step: int | None = None
    ) -> MediaValue | None:
        """The value at the last step that is not behind `step` (None: at the last)."""
        steps = await self.media_steps(run, key)
        place = len(steps) if step is None else bisect_right(steps, step)
        if place == 0:
            return None
        values = await self._values(run, key, steps[place - 1 : place])
        return values[0] if values else None

    async def media_rows(
        self, run: Run, key: str, count: int
    ) -> tuple[Sequence[MediaValue], int]:
        """(at most `count` values evenly over the steps, how many steps there are)."""
        steps = await self.media_steps(run, key)
        count = max(1, min(count, VALUES_COUNT_MAX))
        if len(steps) <= count:
            return await self._values(run, key, steps), len(steps)
        chosen = [steps[at] for at in sample_evenly(len(steps), count).tolist()]
        return await self._values(run, key, chosen), len(steps)

    async def _values(
        self, run: Run, key: str, steps: Sequence[int]
    ) -> list[MediaValue]:
        if not steps:
            return []
        tail = await self._stores.database.read(
            lambda db: lines.texts_with_steps(db, run.id, lines.HISTORY, steps)
        )
        reader = RowReader(self._stores)
        texts = dict(await reader.rows_with_steps(run.id, lines.HISTORY, set(steps)))
        for step, text in tail:
            texts[step] = [*texts.get(step, ()), text]
        return await asyncio.to_thread(_read_values, texts, key, steps)

    async def _steps(self, run_id: int) -> MediaSteps:
        known = self._stores.media.get(run_id) or MediaSteps()
        fresh = await self._stores.database.read(
            lambda db: _fresh(db, run_id, known.end_row)
        )
        if not fresh.segments and not fresh.tail:
            return known
        opened = await open_rows(self._stores, fresh.segments)
        indexes = self._stores.indexes.read
        found = await asyncio.to_thread(_scan, known, fresh, opened, indexes)
        self._stores.media.keep(run_id, found)
        return found


def _fresh(db: Connection, run_id: int, first_row: int) -> _Fresh:
    segments = catalog.segments_of(db, run_id, lines.HISTORY)
    tail = lines.read_tail(db, run_id, lines.HISTORY, first_row=first_row)
    return _Fresh(
        [segment for segment in segments if segment.end_row > first_row],
        with_steps(tail),
    )


def _scan(
    known: MediaSteps,
    fresh: _Fresh,
    opened: Sequence[OpenedRows],
    read_index: Callable[[Path], RowIndex],
) -> MediaSteps:
    steps = {key: array("q", values) for key, values in known.steps.items()}
    end_row = known.end_row

    def take(rows: Iterable[tuple[int, int, bytes]]) -> None:
        nonlocal end_row
        for row, step, text in rows:
            if row < known.end_row or step == NO_STEP:
                continue
            end_row = max(end_row, row + 1)
            if MARK in text:
                for key in media_keys(parse_row(text)):
                    steps.setdefault(key, array("q")).append(step)

    for one in opened:
        index = one.left or read_index(one.path)
        for span, block in iterate_readable(one.path, index):
            rows, at = index.row[span].tolist(), index.step[span].tolist()
            take(zip(rows, at, block, strict=True))
    take(fresh.tail)
    return MediaSteps(end_row, steps)


def media_keys(row: Mapping[str, Json]) -> list[str]:
    """Dotted keys whose values are media, or lists of media."""
    found: list[str] = []
    stack: list[tuple[str, Mapping[str, Json], int]] = [("", row, 0)]
    while stack:
        prefix, mapping, depth = stack.pop()
        for name, value in mapping.items():
            if is_media(value):
                found.append(prefix + name)
            elif type(value) is dict and depth < DEPTH_MAX:
                stack.append((f"{prefix}{name}.", value, depth + 1))
    return found


def is_media(value: Json) -> bool:
    """An object with a `_type`, or a list that begins with one."""
    if isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, dict) and isinstance(value.get("_type"), str)


def _read_values(
    texts: Mapping[int, Sequence[bytes]], key: str, steps: Sequence[int]
) -> list[MediaValue]:
    """Of several rows of one step the last that holds the key counts."""
    values = []
    for step in steps:
        for text in reversed(texts.get(step, ())):
            row = parse_row(text)
            if holds_key(row, key):
                values.append(MediaValue(step, value_at(row, key)))
                break
    return values
