"""Points of a series, reduced to buckets of the x-axis without hiding anything.

```
points    x[n] row[n] value[n] kind[n]      any order
buckets   [lo ····|····|····|···· hi]       equal widths, shared by all series asked for
partials  one entry per bucket with points  what two pieces of a series add up to
```

Pieces (segments, tail) are reduced by themselves and merged: the result does
not depend on how a series was cut into pieces, but for the rounding of the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]

FINITE, NAN, POSITIVE_INFINITY, NEGATIVE_INFINITY = range(4)


@dataclass(frozen=True, slots=True)
class SeriesPoints:
    """Points of one key; `row` is the order of arrival and unique."""

    x: Floats
    row: Integers
    value: Floats
    kind: Kinds


@dataclass(frozen=True, slots=True)
class Partials:
    """What the points of a piece add up to, per bucket; `bucket` ascends, no repeats
    (but for those of blocks, before they are merged).

    `minimum` is +inf, `maximum` -inf and `last_row` -1 where no point is finite.
    """

    bucket: Integers
    count: Integers
    nan: Integers
    positive: Integers
    negative: Integers
    minimum: Floats
    maximum: Floats
    total: Floats
    last: Floats
    last_x: Floats
    last_row: Integers
    x: Floats
    """The highest x."""


@dataclass(frozen=True, slots=True)
class Range:
    """The x-axis of a question: [low, high], cut into `buckets`."""

    low: float
    high: float
    buckets: int

    def place(self, x: Floats) -> Integers:
        """The bucket of every x (all inside the range)."""
        if not self.high > self.low:
            return np.zeros(len(x), np.int64)
        # Halved: the width of a range of huge numbers would be infinite.
        share = (x / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return np.minimum((share * self.buckets).astype(np.int64), self.buckets - 1)


def join_points(pieces: Sequence[SeriesPoints]) -> SeriesPoints:
    """Points of one or more pieces by (x, row), without those whose x is not finite."""
    x = np.concatenate([piece.x for piece in pieces])
    row = np.concatenate([piece.row for piece in pieces])
    value = np.concatenate([piece.value for piece in pieces])
    kind = np.concatenate([piece.kind for piece in pieces])
    there = np.isfinite(x)
    if not there.all():
        x, row, value, kind = x[there], row[there], value[there], kind[there]
    steps = np.diff(x)
    if not np.all((steps > 0) | ((steps == 0) & (np.diff(row) > 0))):
        order = np.lexsort((row, x))
        x, row, value, kind = x[order], row[order], value[order], kind[order]
    return SeriesPoints(x, row, value, kind)


def reduce_points(points: SeriesPoints, bucket: Integers) -> Partials:
    """One entry per bucket. The points are ordered as `join_points` leaves them."""
    count = len(bucket)
    if not count:
        return _empty()
    starts = np.flatnonzero(np.concatenate([[True], np.diff(bucket) != 0]))
    finite = points.kind == FINITE
    at = np.maximum.reduceat(np.where(finite, np.arange(count), -1), starts)
    ends = np.append(starts[1:], count) - 1

    def count_of(chosen: npt.NDArray[np.bool_]) -> Integers:
        return np.add.reduceat(chosen.astype(np.int64), starts)

    return Partials(
        bucket=bucket[starts],
        count=np.diff(np.append(starts, count)),
        nan=count_of(points.kind == NAN),
        positive=count_of(points.kind == POSITIVE_INFINITY),
        negative=count_of(points.kind == NEGATIVE_INFINITY),
        minimum=np.minimum.reduceat(np.where(finite, points.value, np.inf), starts),
        maximum=np.maximum.reduceat(np.where(finite, points.value, -np.inf), starts),
        total=np.add.reduceat(np.where(finite, points.value, 0.0), starts),
        last=np.where(at < 0, np.nan, points.value[at]),
        last_x=np.where(at < 0, -np.inf, points.x[at]),
        last_row=np.where(at < 0, -1, points.row[at]),
        x=points.x[ends],
    )


def merge_partials(pieces: Sequence[Partials]) -> Partials:
    """What the pieces add up to together."""
    kept = [piece for piece in pieces if len(piece.bucket)]
    if not kept or (len(kept) == 1 and np.all(np.diff(kept[0].bucket) > 0)):
        return kept[0] if kept else _empty()
    columns = {
        field.name: np.concatenate([getattr(piece, field.name) for piece in kept])
        for field in fields(Partials)
    }
    # Within a bucket the entry with the newest finite point comes last.
    by = (columns["last_row"], columns["last_x"], columns["bucket"])
    if not _in_order(*by):
        order = np.lexsort(by)
        columns = {name: column[order] for name, column in columns.items()}
    bucket = columns["bucket"]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(bucket) != 0]))
    ends = np.append(starts[1:], len(bucket)) - 1
    sums = ("count", "nan", "positive", "negative", "total")
    with np.errstate(over="ignore", invalid="ignore"):
        added = {name: np.add.reduceat(columns[name], starts) for name in sums}
    return Partials(
        bucket=bucket[starts],
        minimum=np.minimum.reduceat(columns["minimum"], starts),
        maximum=np.maximum.reduceat(columns["maximum"], starts),
        x=np.maximum.reduceat(columns["x"], starts),
        last=columns["last"][ends],
        last_x=columns["last_x"][ends],
        last_row=columns["last_row"][ends],
        **added,
    )


def _in_order(last_row: Integers, last_x: Floats, bucket: Integers) -> bool:
    """True if the entries are sorted by (bucket, last_x, last_row)."""
    same = bucket[1:] == bucket[:-1]
    after = bucket[1:] > bucket[:-1]
    newer = last_x[1:] > last_x[:-1]
    tied = (last_x[1:] == last_x[:-1]) & (last_row[1:] >= last_row[:-1])
    return bool(np.all(after | (same & (newer | tied))))


def _empty() -> Partials:
    integers, floats = np.empty(0, np.int64), np.empty(0, np.float64)
    return Partials(
        bucket=integers,
        count=integers,
        nan=integers,
        positive=integers,
        negative=integers,
        minimum=floats,
        maximum=floats,
        total=floats,
        last=floats,
        last_x=floats,
        last_row=integers,
        x=floats,
    )
