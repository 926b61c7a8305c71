"""Projects as listed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """A project as listed."""

    id: int
    entity: str
    name: str
    created_at: float
    run_count: int
    last_activity_at: float | None
