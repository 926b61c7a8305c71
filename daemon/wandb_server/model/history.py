"""What a run logged: series for charts, keys, media and console lines."""

from collections.abc import Mapping
from dataclasses import dataclass

from wandb_server.model.json_value import Json


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Points of several metrics of several runs, reduced to buckets of the x-axis.

    `x_axis` is `_step`, `_runtime`, `_timestamp` or any numeric metric logged in the
    same rows. The range is inclusive. A series of at most `buckets` points comes as it
    is.
    """

    entity: str
    project: str
    runs: tuple[str, ...]
    keys: tuple[str, ...]
    x_axis: str = "_step"
    x_min: float | None = None
    x_max: float | None = None
    buckets: int = 500
    stream: str = "history"
    """`system`: of the system metrics, whose `_step` is their line number."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one run; all tuples have one entry per bucket, x ascending.

    `x` is the x of the bucket's last point. `minimum`, `maximum`, `mean` and `last` are
    over the finite points (`last` is None if there is none); the three counts say how
    many points were not finite, so no NaN and no spike is hidden.
    """

    run: str
    key: str
    x: tuple[float, ...]
    last: tuple[float | None, ...]
    minimum: tuple[float | None, ...]
    maximum: tuple[float | None, ...]
    mean: tuple[float | None, ...]
    count: tuple[int, ...]
    nan_count: tuple[int, ...]
    positive_infinity_count: tuple[int, ...]
    negative_infinity_count: tuple[int, ...]
    point_count: int
    """Points in range before reduction."""


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """A Parquet file with consecutive rows of a history; numbered from 0."""

    object_id: int
    number: int


@dataclass(frozen=True, slots=True)
class MetricKey:
    """A dotted metric name with what is known of it, over one or several runs."""

    key: str
    types: Mapping[str, int]
    """Type name (number, string, map, list, …) -> how many rows."""
    monotonic: bool
    last: Json
    run_count: int = 1


@dataclass(frozen=True, slots=True)
class MediaValue:
    """What a run logged under a key of media at a step, as received."""

    step: int
    value: Json


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the console, parsed from the plain or the structured format."""

    number: int
    timestamp: str | None
    level: str | None
    label: str | None
    text: str


@dataclass(frozen=True, slots=True)
class LostRows:
    """Rows of a damaged segment that cannot be read any more; steps are inclusive."""

    file: str
    first_step: int | None
    last_step: int | None
    row_count: int
    reason: str
