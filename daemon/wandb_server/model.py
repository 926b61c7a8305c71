"""The types that cross boundaries inside the server, in the order of the journey.

    file stream request ► FileStreamPost ► lines in the tail ► Segment (rows + series)
    question            ► SeriesQuery    ► Series

`Archive` is what `api` and `graphql` may ask of `operations`; nothing above it knows
SQL, Parquet or directories.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from wandb_server.people_model import TeamRole
from wandb_server.store_measures import StoreMeasures

Json = Any
"""A parsed JSON value; floats may be NaN or infinite."""


# ---- who ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class User:
    """A person or service; `name` is also the entity that owns the user's projects."""

    id: int
    name: str
    email: str
    admin: bool
    created_at: float
    teams: tuple[TeamRole, ...] = ()
    service: bool = False
    """Not a person; it speaks for the team that it is in."""
    code_saving: bool = False
    """Clients keep the scripts of this user's runs without being asked."""

    @property
    def entity(self) -> str:
        """Where projects go when no entity is named."""
        return self.teams[0].team if self.service and self.teams else self.name


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key after it was shown once: only its hash is stored."""

    id: int
    user_id: int
    label: str
    hint: str
    """The first characters, enough to recognise it."""
    created_at: float


# ---- what is stored ----------------------------------------------------------------


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


# ---- file stream -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Consecutive lines of one file. `first_line` is the number of the first one."""

    file: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileStreamPost:
    """One parsed file stream request, see `protocol: file stream`."""

    chunks: tuple[FileChunk, ...] = ()
    uploaded: tuple[str, ...] = ()
    preempting: bool = False
    complete: bool = False
    exit_code: int | None = None
    state: str | None = None
    """With `complete`: the state to set (`crashed`); None: as the exit code says."""
    log_id: str | None = None
    """Our core's id of the log; lines are unique per (run, log id, file, line)."""
    client_id: str | None = None
    """The writer in shared mode: its lines are appends of that writer."""


@dataclass(frozen=True, slots=True)
class FileStreamAnswer:
    """What the writer of a run is told: whether somebody asked it to stop."""

    stopped: bool


# ---- questions and answers ---------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs with one cursor per run; `total` counts all that match."""

    runs: tuple[Run, ...]
    cursors: tuple[str, ...]
    total: int
    has_next: bool


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


class Archive(Protocol):
    """Everything that is stored, asked and changed. Made by `operations.open_archive`.

    All methods are safe to call concurrently. "Absent" is None, never an exception.
    What a write method returned from is durable as far as the database is (SQLite: WAL,
    synchronous=NORMAL survives kill -9; PostgreSQL: committed).
    """

    # who ---------------------------------------------------------------------------
    async def user_of_key(self, key: str) -> User | None: ...
    async def create_user(
        self, name: str, *, email: str = "", admin: bool = False
    ) -> User: ...
    async def user_named(self, name: str) -> User | None: ...
    async def users(self) -> Sequence[User]: ...
    async def add_key(self, user: User, key: str, label: str) -> ApiKey: ...
    async def keys_of(self, user: User) -> Sequence[ApiKey]: ...
    async def revoke_key(self, key_id: int) -> bool: ...

    # one-time tokens and sessions (browser): store only hashes ------------------------
    async def add_login_token(
        self, user: User, token: str, expires_at: float
    ) -> None: ...
    async def redeem_login_token(self, token: str, now: float) -> User | None: ...
    async def add_session(self, user: User, token: str, expires_at: float) -> None: ...
    async def user_of_session(self, token: str, now: float) -> User | None: ...

    # projects ------------------------------------------------------------------------
    async def projects(self, entity: str) -> Sequence[Project]: ...
    async def project(self, entity: str, name: str) -> Project | None: ...
    async def create_project(self, entity: str, name: str) -> tuple[Project, bool]: ...

    # runs ----------------------------------------------------------------------------
    async def upsert_run(self, upsert: RunUpsert, user: User) -> tuple[Run, bool]:
        """Idempotent; creates entity's project when missing; (run, inserted).

        A run without `name` but with `storage_id` is looked up by it. Sets state
        `running` (or `upsert.state`) unless only attributes of a run that already ended
        are edited by storage id.
        """
        ...

    async def run(self, entity: str, project: str, name: str) -> Run | None: ...
    async def run_by_storage_id(self, storage_id: str) -> Run | None: ...
    async def query_runs(self, query: RunQuery) -> RunPage:
        """Raises QueryError (with the offending part) for filters it cannot read."""
        ...

    async def run_groups(self, query: GroupQuery) -> Sequence[RunGroup]:
        """The largest groups; a `QueryError` where runs cannot be grouped so."""
        ...

    async def count_runs(
        self, entity: str, project: str, filters: Mapping[str, Json]
    ) -> int: ...
    async def delete_run(self, storage_id: str) -> int | None:
        """Remove the run with its history and files; bytes freed, None if absent."""
        ...

    async def remove_runs(self, storage_ids: Sequence[str]) -> tuple[int, int]:
        """Hide runs, delete them later: (how many, bytes that will be free)."""
        ...

    async def removed_runs(self, storage_ids: Sequence[str]) -> Sequence[Any]:
        """Those that can be restored: with run_id, entity, project, name."""
        ...

    async def restore_runs(self, storage_ids: Sequence[str]) -> int:
        """How many are back; one whose name was taken meanwhile is not."""
        ...

    async def run_columns(self, entity: str, project: str) -> Sequence[Any]:
        """Config and summary keys: section, key, run_count, number_count."""
        ...

    async def rewind_run(
        self, entity: str, project: str, name: str, step: int
    ) -> Run | None:
        """Take away the rows behind the step, all at once; None if there is no run."""
        ...

    async def set_run_state(self, storage_id: str, state: str) -> bool: ...
    async def request_stop(self, storage_id: str) -> bool: ...

    # history ------------------------------------------------------------------------
    async def post_file_stream(
        self, entity: str, project: str, run: str, post: FileStreamPost
    ) -> FileStreamAnswer | None:
        """Store one request in one transaction; None if there is no such run.

        Idempotent per (run, log id or none, file, line). Rows with an already stored
        `_step` at a new line are dropped only when equal to the stored row.
        """
        ...

    async def history_rows(
        self,
        run: Run,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        keys: Sequence[str] = (),
        samples: int | None = None,
    ) -> Sequence[str]:
        """Rows as received, in order; half-open [min_step, max_step).

        With `keys` (dotted) only rows holding all of them. `samples` keeps that many,
        evenly, always the last.
        """
        ...

    def export_rows(self, run: Run, file: str) -> AsyncIterator[str]:
        """All lines of one stream file of the run, as received, in order."""
        ...

    async def export_parquet(self, run: Run) -> Path:
        """The run's history as a Parquet file with a column per metric, to be opened
        at once.

        Raises:
            QueryError: no rows yet, or too many metrics for columns.
        """
        ...

    async def event_rows(self, run: Run, samples: int | None = None) -> Sequence[str]:
        """System metrics rows."""
        ...

    async def tail_line(self, run: Run, file: str) -> str | None: ...
    async def metric_keys(self, run: Run) -> Sequence[MetricKey]: ...
    async def project_metric_keys(
        self, entity: str, project: str, runs: Sequence[str], stream: str = "history"
    ) -> Sequence[MetricKey]:
        """Union over these runs (all of the project's if empty).

        `stream`: `history`, or `system` for the system metrics; else QueryError.
        """
        ...

    async def series(self, query: SeriesQuery) -> Sequence[Series]: ...
    async def media_steps(self, run: Run, key: str) -> Sequence[int]:
        """Steps at which the run has the key as media, ascending, each once."""
        ...

    async def media_at(
        self, run: Run, key: str, step: int | None = None
    ) -> MediaValue | None:
        """The value at the last step up to `step` (None: at the last one)."""
        ...

    async def media_rows(
        self, run: Run, key: str, count: int
    ) -> tuple[Sequence[MediaValue], int]:
        """(at most `count` values evenly over the steps, how many there are)."""
        ...

    async def add_alert(self, run: Run, title: str, text: str, severity: str) -> None:
        """Keep what the run calls attention to; of very many the oldest go."""
        ...

    async def alerts_of_run(self, run: Run) -> Sequence[Alert]:
        """Oldest first."""
        ...

    async def alerts_of_project(self, project: Project, count: int) -> Sequence[Alert]:
        """The newest, newest first."""
        ...

    async def log_lines(
        self, run: Run, *, first_line: int = 0, line_count: int = 1000
    ) -> Sequence[LogLine]: ...

    # files --------------------------------------------------------------------------
    async def write_file(
        self, run: Run, name: str, body: AsyncIterator[bytes]
    ) -> RunFile: ...
    async def read_file(
        self, run: Run, name: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes] | None: ...
    async def files(
        self, run: Run, *, names: Sequence[str] = (), pattern: str | None = None
    ) -> Sequence[RunFile]: ...

    async def delete_file(self, run: Run, name: str) -> bool:
        """False if there is no such file."""
        ...

    @property
    def artifacts(self) -> Any:
        """`operations.artifacts.Artifacts`, which has its own model."""
        ...

    @property
    def people(self) -> Any:
        """`operations.people.People`: users, teams and rules of projects."""
        ...

    # storage use --------------------------------------------------------------------
    async def bytes_of_run(self, run: Run) -> int:
        """Rows, files and texts: what deleting the run frees."""
        ...

    async def bytes_of_project(self, project: Project) -> int:
        """Its runs, and the artifacts that it holds; a blob counts once."""
        ...

    async def bytes_of_entity(self, entity: str) -> int: ...
    async def store_measures(self) -> StoreMeasures:
        """Numbers for operators; reads whole tables, so not for every request."""
        ...

    # life ---------------------------------------------------------------------------
    def subscribe(self, entity: str, project: str) -> AsyncIterator[Change]:
        """Changes from now on, until closed; slow readers get the latest per run."""
        ...

    async def mark_crashed(self, now: float, heartbeat_timeout_s: float) -> int:
        """Running runs without a sign of life become `crashed`; how many."""
        ...

    async def collect_garbage(self) -> int:
        """Delete what nobody refers to; how many bytes were freed."""

    async def compact(self) -> int:
        """Move what is due from the tail to segments; how many rows."""
        ...

    async def close(self) -> None: ...
