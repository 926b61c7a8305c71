"""Runs: as stored, as sent by a client, and their files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One run as listed. `name` is the run id, `display_name` what people read."""

    id: int
    storage_id: str
    """Base64 text handed to clients as the GraphQL id."""
    entity: str
    project: str
    project_id: int
    name: str
    display_name: str
    state: str
    """running, finished, failed, crashed, killed, preempting, preempted or pending"""
    config_json: str
    """Wrapped values (`{"lr": {"value": 0.1}}`), as received; may hold bare NaN."""
    summary_json: str
    user_name: str
    group: str | None
    job_type: str | None
    notes: str | None
    tags: tuple[str, ...]
    commit: str | None
    repo: str | None
    host: str | None
    program: str | None
    sweep: str | None
    created_at: float
    heartbeat_at: float
    finished_at: float | None
    exit_code: int | None
    history_line_count: int
    events_line_count: int
    log_line_count: int
    last_step: int | None
    stop_requested: bool


@dataclass(frozen=True, slots=True)
class RunWriter:
    """Which of several writers of a run speaks; the default is an only one."""

    client_id: str = ""
    """In shared mode, where each writer knows only a part of the run."""
    leaves_run_open: bool = False
    """Its end is not the run's, and its life does not make the run running."""


ONLY_WRITER = RunWriter()


@dataclass(frozen=True, slots=True)
class RunUpsert:
    """Create or update a run; None leaves a field as it is."""

    entity: str
    project: str
    name: str | None
    storage_id: str | None = None
    display_name: str | None = None
    notes: str | None = None
    config_json: str | None = None
    """Replaces the whole config; in shared mode its keys are merged into it."""
    summary_json: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] | None = None
    commit: str | None = None
    repo: str | None = None
    host: str | None = None
    program: str | None = None
    sweep: str | None = None
    state: str | None = None
    writer: RunWriter = ONLY_WRITER


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run; `name` is relative, with `/`."""

    name: str
    size_bytes: int
    md5_base64: str
    mimetype: str | None
    updated_at: float
