"""What `api` and `graphql` may ask of `operations`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from wandb_server.model.accounts import ApiKey, User
from wandb_server.model.file_stream import FileStreamAnswer, FileStreamPost
from wandb_server.model.history import (
    HistoryFile,
    LogLine,
    LostRows,
    MediaValue,
    MetricKey,
    Series,
    SeriesQuery,
)
from wandb_server.model.json_value import Json
from wandb_server.model.notices import Alert, Change
from wandb_server.model.projects import Project
from wandb_server.model.run_questions import GroupQuery, RunGroup, RunPage, RunQuery
from wandb_server.model.runs import Run, RunFile, RunUpsert
from wandb_server.model.store_measures import StoreMeasures


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

    async def history_files(self, run: Run) -> Sequence[HistoryFile]:
        """Files that together say exactly what `history_rows` says, by number.

        None of a run that goes on, and of one whose rows a file cannot say. A file of
        the same run and number never holds other rows.
        """
        ...

    async def history_file_size(self, object_id: int) -> int | None: ...
    def read_history_file(
        self, object_id: int, start: int, end: int
    ) -> AsyncIterator[bytes]: ...

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
    async def lost_rows(
        self, entity: str, project: str, runs: Sequence[str]
    ) -> Mapping[str, Sequence[LostRows]]:
        """What was found to be lost of these runs, by name; mostly nothing."""
        ...

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

    @property
    def sweeps(self) -> Any:
        """`operations.sweeps.sweeps.Sweeps`: sweeps and their agents."""
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

    @property
    def tail_is_long(self) -> asyncio.Event:
        """Set when a run's tail got so large that `compact`, which clears it, should
        not wait: whoever asks for that run next has to read the tail.
        """
        ...

    async def compact(self) -> int:
        """Move what is due from the tail to segments; how many rows."""
        ...

    async def close(self) -> None: ...
