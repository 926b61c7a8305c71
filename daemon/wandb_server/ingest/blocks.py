"""Blocks of a sorted series: what 64 consecutive points add up to, without hiding any.

```
points of a file   loss ·························· opt.lr ·············
ordinal // 64         0   │    1    │    2    │ 2 │    3    │    4
blocks             [loss 0][loss 1 ][loss 2   ][opt.lr 2][opt.lr 3] …
```

A block ends at every 64th point of its file and where another key begins, so a point's
block follows from its place in the file alone. For each of the three x-axes a block
knows the x of its first and last point; both are NaN where the x of its points are not
all finite or go down: such a block cannot stand for its points on that axis.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wandb_server.ingest.columns import (
    FINITE,
    NAN,
    NEGATIVE_INFINITY,
    POSITIVE_INFINITY,
)

BLOCK_POINTS = 64
AXES = ("step", "runtime", "timestamp")
POINTS_PER_BLOCK_MIN = 4
"""With fewer points per block on average, blocks are not worth their bytes."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SortedPoints:
    """Points as they lie in a file: by (key, step, row); `counts` per key."""

    counts: Integers
    step: Integers
    row: Integers
    runtime: Floats
    timestamp: Floats
    value: Floats
    kind: Bytes


@dataclass(frozen=True, slots=True)
class PointBlocks:
    """Blocks by (key, block); `counts` are the blocks of each key.

    `minimum` is +inf, `maximum` -inf, `row` -1 and the newest x -inf where no point is
    finite. `columns` holds what is stored per block, by name.
    """

    counts: Integers
    columns: dict[str, npt.NDArray[np.generic]]


def sum_blocks(points: SortedPoints, first_ordinal: int = 0) -> PointBlocks:
    """Blocks of the points, the first of which has this ordinal in its file. O(n)."""
    count = len(points.step)
    ends_of_keys = np.cumsum(points.counts)
    if not count:
        return PointBlocks(np.zeros(len(points.counts), np.int64), {})
    ordinal = np.arange(first_ordinal, first_ordinal + count)
    begins = ordinal % BLOCK_POINTS == 0
    begins[0] = True
    begins[ends_of_keys[ends_of_keys < count]] = True
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], count) - 1
    finite = points.kind == FINITE
    newest = np.maximum.reduceat(np.where(finite, np.arange(count), -1), starts)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "block": ordinal[starts] // BLOCK_POINTS,
        "count": (ends - starts + 1).astype(np.uint8),
        **_extremes(points, finite, starts),
        "last": np.where(newest < 0, np.nan, points.value[newest]),
        "row": np.where(newest < 0, -1, points.row[newest]),
    }
    for name in AXES:
        x = getattr(points, name).astype(np.float64)
        good = np.isfinite(x)
        good[1:] &= begins[1:] | (x[1:] >= x[:-1])
        usable = np.logical_and.reduceat(good, starts)
        columns[f"{name}_first"] = np.where(usable, x[starts], np.nan)
        columns[f"{name}_last"] = np.where(usable, x[ends], np.nan)
        columns[f"{name}_newest"] = np.where(newest < 0, -np.inf, x[newest])
    firsts = np.searchsorted(starts, np.append(0, ends_of_keys))
    return PointBlocks(np.diff(firsts), columns)


def worth_storing(point_count: int, block_count: int) -> bool:
    """False where most keys have a few points only."""
    return point_count >= POINTS_PER_BLOCK_MIN * max(block_count, 1)


def _extremes(
    points: SortedPoints, finite: npt.NDArray[np.bool_], starts: Integers
) -> dict[str, npt.NDArray[np.generic]]:
    value = points.value

    def count_of(kind: int) -> Bytes:
        chosen = (points.kind == kind).astype(np.uint8)
        return np.add.reduceat(chosen, starts, dtype=np.uint8)

    # The sum of huge numbers may overflow; whoever takes a mean of it sees that.
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(np.where(finite, value, 0.0), starts)
    return {
        "nan": count_of(NAN),
        "positive": count_of(POSITIVE_INFINITY),
        "negative": count_of(NEGATIVE_INFINITY),
        "minimum": np.minimum.reduceat(np.where(finite, value, np.inf), starts),
        "maximum": np.maximum.reduceat(np.where(finite, value, -np.inf), starts),
        "total": total,
    }
