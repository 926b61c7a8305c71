"""The tables, in one place; `migrations/` brings a database to this shape.

```
users ─┬─ api_keys, login_tokens, sessions        only hashes of secrets
projects ── runs ─┬─ run_texts     config and summary, byte-exact
                  ├─ run_tags
                  ├─ run_values    config and summary, by dotted key: filter, sort
                  ├─ line_streams  how far each (file, log) was received
                  ├─ tail_batches  lines not yet in a segment
                  ├─ console_lines
                  ├─ segments ── segment_lines     which lines a segment holds
                  ├─ key_tables    metric statistics of the rows in segments
                  ├─ files
                  └─ objects       all in the object store, being written too
```

Text that came from users is stored as bytes (UTF-8, lone surrogates passed through),
because a NUL or a surrogate is legal JSON and must not make a request fail.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from wandb_server.storage.id_type import Id
from wandb_server.storage.text_type import Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _identity(name: str = "id") -> Column[int]:
    return Column(name, Id, primary_key=True, autoincrement=True)


def _of_run(*, primary: bool = False) -> Column[int]:
    return Column(
        "run_id", Id, ForeignKey("runs.id"), nullable=False, primary_key=primary
    )


def _of_user() -> Column[int]:
    return Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True)


users = Table(
    "users",
    metadata,
    _identity(),
    Column("name", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("admin", Boolean(create_constraint=False), nullable=False),
    Column("created_at", Float, nullable=False),
    # Scripts of runs are kept without being asked for.
    Column(
        "code_saving", Boolean(create_constraint=False), nullable=False, default=False
    ),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    _identity(),
    _of_user(),
    Column("hash", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

login_tokens = Table(
    "login_tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    _of_user(),
    Column("expires_at", Float, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    _of_user(),
    Column("expires_at", Float, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    _identity(),
    Column("entity", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("entity", "name"),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    _identity(),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("group_name", Text),
    Column("job_type", Text),
    Column("notes", Text),
    Column("commit", Text),
    Column("repo", Text),
    Column("host", Text),
    Column("program", Text),
    Column("sweep", Text),
    Column("created_at", Float, nullable=False),
    Column("heartbeat_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("exit_code", Integer),
    Column("stop_requested", Boolean(create_constraint=False), nullable=False),
    Column("last_step", BigInteger),
    Column("history_line_count", BigInteger, nullable=False),
    Column("events_line_count", BigInteger, nullable=False),
    Column("log_line_count", BigInteger, nullable=False),
    # Rows of history and events are numbered in order of arrival, from 0.
    Column("next_row", BigInteger, nullable=False),
    # Id of the newest segment: changes whenever rows moved out of the tail.
    Column("segment_mark", BigInteger, nullable=False),
    Column("tail_row_count", BigInteger, nullable=False),
    Column("tail_bytes", BigInteger, nullable=False),
    # run_values is behind run_texts and must be made anew before it is asked.
    Column("values_stale", Boolean(create_constraint=False), nullable=False),
    UniqueConstraint("project_id", "name"),
    Index(None, "project_id", "created_at"),
    Index(None, "state", "heartbeat_at"),
    sqlite_autoincrement=True,
)

run_texts = Table(
    "run_texts",
    metadata,
    _of_run(primary=True),
    Column("config", LargeBinary, nullable=False),
    Column("summary", LargeBinary, nullable=False),
)

run_tags = Table(
    "run_tags",
    metadata,
    _of_run(primary=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("tag", Text, nullable=False),
)

run_values = Table(
    "run_values",
    metadata,
    _of_run(primary=True),
    Column("section", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # number | bool | string | null | list | map | nan | inf
    Column("kind", Text, nullable=False),
    Column("number", Float),
    Column("text", Text),
    sqlite_with_rowid=False,
)

line_streams = Table(
    "line_streams",
    metadata,
    _of_run(primary=True),
    Column("file", Text, primary_key=True),
    Column("log_id", Text, primary_key=True),
    Column("end_line", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tail_batches = Table(
    "tail_batches",
    metadata,
    _identity(),
    _of_run(),
    Column("file", Text, nullable=False),
    Column("log_id", Text, nullable=False),
    Column("first_line", BigInteger, nullable=False),
    Column("end_line", BigInteger, nullable=False),
    Column("first_row", BigInteger, nullable=False),
    Column("end_row", BigInteger, nullable=False),
    # Of the lines that are JSON objects; None: none is.
    Column("step_min", BigInteger),
    Column("step_max", BigInteger),
    # Of the texts alone.
    Column("size_bytes", BigInteger, nullable=False),
    # See storage.tail_batch.
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("run_id", "file", "first_row"),
    Index(None, "run_id", "file", "log_id", "end_line"),
)

console_lines = Table(
    "console_lines",
    metadata,
    _identity(),
    _of_run(),
    Column("log_id", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    # Where people see it: several writers share one numbering.
    Column("number", BigInteger, nullable=False),
    Column("text", LargeBinary, nullable=False),
    UniqueConstraint("run_id", "log_id", "line"),
    Index(None, "run_id", "number"),
)

objects = Table(
    "objects",
    metadata,
    _identity(),
    # No foreign key: the row outlives its run until the bytes are gone.
    Column("run_id", Id, nullable=False, index=True),
    Column("suffix", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    # Of segments; files and artifacts have an MD5.
    Column("crc32", BigInteger),
    # writing | live | dead; what is not live is garbage once it is old enough.
    Column("state", Text, nullable=False, index=True),
    Column("changed_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

segments = Table(
    "segments",
    metadata,
    _identity(),
    _of_run(),
    Column("file", Text, nullable=False),
    Column("first_row", BigInteger, nullable=False),
    Column("end_row", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("step_min", BigInteger),
    Column("step_max", BigInteger),
    # Steps never go down from row to row.
    Column("in_order", Boolean(create_constraint=False), nullable=False),
    Column("rows_object", Id, ForeignKey("objects.id"), nullable=False),
    # None: events, or no numbers at all.
    Column("series_object", Id, ForeignKey("objects.id")),
    # None: no series, or too few points per key.
    Column("blocks_object", Id, ForeignKey("objects.id")),
    Column("point_count", BigInteger, nullable=False),
    # How often its rows were merged into a longer segment.
    Column("level", Integer, nullable=False),
    Index(None, "run_id", "file", "first_row"),
    sqlite_autoincrement=True,
)

segment_lines = Table(
    "segment_lines",
    metadata,
    _identity(),
    Column("segment_id", Id, ForeignKey("segments.id"), nullable=False, index=True),
    _of_run(),
    Column("file", Text, nullable=False),
    Column("log_id", Text, nullable=False),
    Column("first_line", BigInteger, nullable=False),
    Column("end_line", BigInteger, nullable=False),
    Index(None, "run_id", "file", "log_id", "end_line"),
)

key_tables = Table(
    "key_tables",
    metadata,
    _of_run(primary=True),
    Column("file", Text, primary_key=True),
    # Statistics of the rows below `end_row`, see ingest.key_statistics.
    Column("end_row", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

files = Table(
    "files",
    metadata,
    _of_run(primary=True),
    Column("name", Text, primary_key=True),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("md5_base64", Text, nullable=False),
    Column("mimetype", Text),
    Column("updated_at", Float, nullable=False),
)

# Runs that were deleted a moment ago: where they go if somebody wants them back.
removed_runs = Table(
    "removed_runs",
    metadata,
    _of_run(primary=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("removed_at", Float, nullable=False),
)

# Work that one server at a time does, where several share the database.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
)

RUN_TABLES = (
    removed_runs,
    run_texts,
    run_tags,
    run_values,
    line_streams,
    tail_batches,
    console_lines,
    segment_lines,
    segments,
    key_tables,
    files,
)
"""Tables that belong to a run, in the order in which they may be emptied."""


def to_bytes(text: str) -> bytes:
    """Text as stored: UTF-8, lone surrogates passed through."""
    return text.encode("utf-8", "surrogatepass")


def to_text(stored: bytes) -> str:
    """The inverse of `to_bytes`."""
    return stored.decode("utf-8", "surrogatepass")
