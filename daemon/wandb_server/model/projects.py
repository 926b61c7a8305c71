"""Projects as listed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """A project as listed; `size_bytes` counts history and files."""

    id: int
    entity: str
    name: str
    created_at: float
    run_count: int
    last_activity_at: float | None
    size_bytes: int
