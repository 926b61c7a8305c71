"""Series as they are answered: plain tuples, None where there is no finite point."""

import numpy as np
import numpy.typing as npt

from wandb_server.model.history import Series
from wandb_server.query.buckets import (
    FINITE,
    NAN,
    NEGATIVE_INFINITY,
    POSITIVE_INFINITY,
    Floats,
    Partials,
    SeriesPoints,
)


def as_it_is(run: str, key: str, points: SeriesPoints) -> Series:
    """Every point for itself."""
    values = _or_none(points.value, points.kind == FINITE)

    def flags(kind: int) -> tuple[int, ...]:
        return tuple((points.kind == kind).astype(int).tolist())

    return Series(
        run=run,
        key=key,
        x=tuple(points.x.tolist()),
        last=values,
        minimum=values,
        maximum=values,
        mean=values,
        count=(1,) * len(points.x),
        nan_count=flags(NAN),
        positive_infinity_count=flags(POSITIVE_INFINITY),
        negative_infinity_count=flags(NEGATIVE_INFINITY),
        point_count=len(points.x),
    )


def in_buckets(run: str, key: str, partials: Partials) -> Series:
    """One entry per bucket that has points."""
    finite_count = partials.count - partials.nan - partials.positive - partials.negative
    some = finite_count > 0
    with np.errstate(over="ignore"):
        mean = partials.total / np.maximum(finite_count, 1)
    # The sum of huge numbers may overflow; their mean lies between the extremes.
    lowest, highest = np.where(some, [partials.minimum, partials.maximum], 0.0)
    mean = np.where(np.isfinite(mean), mean, lowest / 2 + highest / 2)
    return Series(
        run=run,
        key=key,
        x=tuple(partials.x.tolist()),
        last=_or_none(partials.last, some),
        minimum=_or_none(partials.minimum, some),
        maximum=_or_none(partials.maximum, some),
        mean=_or_none(mean, some),
        count=_integers(partials.count),
        nan_count=_integers(partials.nan),
        positive_infinity_count=_integers(partials.positive),
        negative_infinity_count=_integers(partials.negative),
        point_count=int(partials.count.sum()),
    )


def _or_none(values: Floats, there: npt.NDArray[np.bool_]) -> tuple[float | None, ...]:
    pairs = zip(values.tolist(), there.tolist(), strict=True)
    return tuple(value if kept else None for value, kept in pairs)


def _integers(values: npt.NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(values.astype(np.int64).tolist())
