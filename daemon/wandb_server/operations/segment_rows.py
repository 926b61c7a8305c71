"""Opening the rows of segments: whole ones, and what is left of damaged ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wandb_server.errors import StorageDamaged
from wandb_server.model.history import LostRows
from wandb_server.operations.damage import FoundObject, find_objects
from wandb_server.operations.stores import Stores
from wandb_server.storage.catalog import Segment
from wandb_server.storage.row_segment import (
    NO_STEP,
    RowIndex,
    read_index,
    readable_index,
)

ROWS_SUFFIX = "rows"


@dataclass(frozen=True, slots=True)
class OpenedRows:
    """A segment's file of rows."""

    segment: Segment
    path: Path
    left: RowIndex | None
    """Of a damaged file: rows that cannot be read have no step in it."""


async def open_rows(stores: Stores, segments: Sequence[Segment]) -> list[OpenedRows]:
    """The files of these segments, without those of which nothing can be read.

    What is lost is noted in `stores.damage`.

    Raises:
        StorageBusy: the store does not answer.
    """
    wanted = [(one.rows_object, ROWS_SUFFIX) for one in segments]
    found = await find_objects(stores, wanted)
    opened = []
    for segment in segments:
        rows = found[segment.rows_object]
        if not rows.problem:
            if stores.damage.any_lost:
                stores.damage.lose(segment, None)
            opened.append(OpenedRows(segment, rows.path, None))
        elif (left := await _left(stores, segment, rows)) is not None:
            opened.append(OpenedRows(segment, rows.path, left))
    return opened


async def whole_rows(stores: Stores, segments: Sequence[Segment]) -> list[Path]:
    """The files of these segments.

    Raises:
        StorageDamaged: rows of one of them are lost; it says which.
    """
    opened = await open_rows(stores, segments)
    if len(opened) < len(segments) or any(one.left is not None for one in opened):
        lost = [
            f"{one.row_count} rows of {one.file}, steps {one.first_step} to "
            f"{one.last_step} ({one.reason})"
            for one in stores.damage.lost_of(segments[0].run_id)
        ]
        raise StorageDamaged(f"lost are {'; '.join(lost)}", place="segments")
    return [one.path for one in opened]


async def _left(stores: Stores, segment: Segment, rows: FoundObject) -> RowIndex | None:
    known = stores.damage.indexes.get(segment.rows_object)
    if known is None:
        left, lost = await asyncio.to_thread(_salvage, segment, rows)
        stores.damage.indexes[segment.rows_object] = (rows.path, left)
        stores.damage.lose(segment, lost)
        return left
    return known[1]


def _salvage(segment: Segment, rows: FoundObject) -> tuple[RowIndex | None, LostRows]:
    span = (segment.first_row, segment.end_row)
    left = readable_index(rows.path, *span)
    first, last = segment.step_min, segment.step_max
    count = segment.row_count
    if left is not None:
        before = read_index(rows.path).step
        gone = before[(left.step == NO_STEP) & (before != NO_STEP)]
        count = len(gone)
        if count:
            first, last = int(gone.min()), int(gone.max())
    return left, LostRows(segment.file, first, last, count, rows.problem)
