"""What open pages and people are told about a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Something of a run changed; sent to open pages."""

    entity: str
    project: str
    run: str
    last_step: int | None
    state: str
    history_line_count: int
    events_line_count: int
    log_line_count: int


@dataclass(frozen=True, slots=True)
class Alert:
    """What a run called attention to. `severity` is INFO, WARN or ERROR."""

    id: int
    entity: str
    project: str
    run: str
    title: str
    text: str
    severity: str
    created_at: float
