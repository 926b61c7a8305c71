"""What a segment holds: the columns of its series, and which lines it took."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wandb_server.ingest.columns import Points
from wandb_server.ingest.rows import ParsedRows


@dataclass(frozen=True, slots=True)
class SortedSeries:
    """Points by (key, step, row); `counts` says how many each key has."""

    keys: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    kind: npt.NDArray[np.uint8]


def sort_series(rows: ParsedRows) -> SortedSeries | None:
    """Every point of the rows; None if there is none. `index` points into the rows."""
    keys = tuple(
        sorted(rows.points, key=lambda key: key.encode("utf-8", "backslashreplace"))
    )
    if not keys:
        return None
    in_order = steps_in_order(rows.step)
    pieces = [rows.points[key] for key in keys]
    if not in_order:
        pieces = [_by_step(piece, rows) for piece in pieces]
    return SortedSeries(
        keys=keys,
        counts=np.array([len(piece.index) for piece in pieces], np.int64),
        index=np.concatenate([piece.index for piece in pieces]),
        value=np.concatenate([piece.value for piece in pieces]),
        kind=np.concatenate([piece.kind for piece in pieces]),
    )


def steps_in_order(steps: npt.NDArray[np.int64]) -> bool:
    """True if they never go down."""
    return bool(np.all(steps[1:] >= steps[:-1]))


def join_ranges(
    ranges: Iterable[tuple[str, int, int]],
) -> Iterator[tuple[str, int, int]]:
    """The fewest (log id, first, end) ranges that cover exactly these, none twice."""
    last: tuple[str, int, int] | None = None
    for log_id, first, end in sorted(ranges):
        if last is not None and last[0] == log_id and last[2] == first:
            last = (log_id, last[1], end)
            continue
        if last is not None:
            yield last
        last = (log_id, first, end)
    if last is not None:
        yield last


def _by_step(points: Points, rows: ParsedRows) -> Points:
    order = np.lexsort((rows.row[points.index], rows.step[points.index]))
    return Points(points.index[order], points.value[order], points.kind[order])
