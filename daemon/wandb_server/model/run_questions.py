"""Questions about many runs: a page of them, or groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wandb_server.model.json_value import Json
from wandb_server.model.runs import Run


@dataclass(frozen=True, slots=True)
class RunQuery:
    """A page of runs. Filters and order as the public API sends them."""

    entity: str
    project: str
    filters: Mapping[str, Json] = field(default_factory=dict)
    order: str = "-created_at"
    first: int = 50
    after: str | None = None
    """Opaque cursor of an earlier answer's last edge."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs with one cursor per run; `total` counts all that match."""

    runs: tuple[Run, ...]
    cursors: tuple[str, ...]
    total: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Runs put together by an attribute; columns of config or summary are added up."""

    entity: str
    project: str
    by: str
    filters: Mapping[str, Json] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    first: int = 100


@dataclass(frozen=True, slots=True)
class ColumnSum:
    """One numeric column over the runs of a group; NaN and infinities do not count."""

    count: int
    mean: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs with the same value; None: they have none."""

    value: str | float | None
    run_count: int
    newest_at: float
    columns: tuple[ColumnSum, ...]
