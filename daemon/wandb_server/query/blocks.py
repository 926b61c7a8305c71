"""Blocks of points in the place of the points, where buckets hold many of both.

```
range            low ├───────────────────────────────┤ high
blocks      [ outside ][ cut ][ whole ][ whole ][ cut ][ outside ]
                          └ its points  └ goes to the bucket of its last x
```
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from wandb_server.query.buckets import Floats, Integers, Partials, Range

BLOCK_POINTS = 64
"""As `ingest.blocks` cuts them."""
POINTS_PER_BUCKET_MIN = 2 * BLOCK_POINTS
"""Below, a bucket would hold less than two blocks and its edges would be rough."""

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SeriesBlocks:
    """Blocks of one key in one piece, over one axis; see `ingest.blocks`."""

    block: Integers
    count: Bytes
    nan: Bytes
    positive: Bytes
    negative: Bytes
    minimum: Floats
    maximum: Floats
    total: Floats
    last: Floats
    row: Integers
    x_first: Floats
    x_last: Floats
    x_newest: Floats

    @property
    def size_bytes(self) -> int:
        """Of all columns."""
        return sum(getattr(self, field.name).nbytes for field in fields(self))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which blocks lie inside a range whole, and which must be read point by point."""

    whole: Mask
    cut: Mask


def choose_blocks(
    blocks: SeriesBlocks, low: float | None, high: float | None
) -> Chosen:
    """Every point in range is in a block that is whole or cut."""
    usable = np.isfinite(blocks.x_first)
    whole, outside = usable.copy(), np.zeros(len(usable), np.bool_)
    if low is not None:
        whole &= blocks.x_first >= low
        outside |= blocks.x_last < low
    if high is not None:
        whole &= blocks.x_last <= high
        outside |= blocks.x_first > high
    return Chosen(whole, ~whole & ~outside)


def block_partials(blocks: SeriesBlocks, whole: Mask, axis: Range) -> Partials:
    """The whole blocks as sums of the buckets that hold their last points.

    Several entries may be of one bucket: to be merged.
    """

    everything = bool(whole.all())

    def floats(column: Floats) -> Floats:
        return column if everything else column[whole]

    def integers(column: Integers | Bytes) -> Integers:
        return (column if everything else column[whole]).astype(np.int64)

    x = floats(blocks.x_last)
    return Partials(
        bucket=axis.place(x),
        count=integers(blocks.count),
        nan=integers(blocks.nan),
        positive=integers(blocks.positive),
        negative=integers(blocks.negative),
        minimum=floats(blocks.minimum),
        maximum=floats(blocks.maximum),
        total=floats(blocks.total),
        last=floats(blocks.last),
        last_x=floats(blocks.x_newest),
        last_row=integers(blocks.row),
        x=x,
    )
