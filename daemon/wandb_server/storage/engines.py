"""Connecting to a database: what differs between SQLite and PostgreSQL.

| | SQLite | PostgreSQL |
|---|---|---|
| writers | one at a time | several, of several servers |
| a change reads a run | alone anyway | with FOR UPDATE |
| a question | one snapshot | REPEATABLE READ, read only |
| two servers migrate at once | one waits for the file | ... for an advisory lock |
| may refuse for now | locked | lost connection, deadlock, restart |
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from wandb_server.errors import StorageBusy, StorageDamaged, StorageError

READERS_COUNT = 4
POSTGRES_WRITERS_COUNT = 4
BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 16 * 1024
MIGRATION_LOCK = 0x77616E6462
"""Number of the advisory lock under which tables are made and changed."""
CLASH_CODES = frozenset(("40001", "40P01", "23505", "23503"))
"""Serialization failure, deadlock, a key that another server made, or a row that it
took away, at the same time."""
BUSY_CLASSES = ("08", "57", "53", "55")
"""Connection lost, shutting down, out of connections or memory, lock not available."""
DISK_FULL = "53100"
"""That is for people to mend: it does not pass by itself."""
WAL_BYTES_KEPT = 64 * 1024 * 1024
"""A write-ahead log that a long question made longer is cut to this afterwards."""


@dataclass(frozen=True, slots=True)
class OpenedEngine:
    """How to read and write one database."""

    engine: Engine
    place: str
    """For messages; without a password."""
    writers_count: int
    is_shared: bool
    """Several servers may use it at the same time."""
    write_options: dict[str, Any]
    read_options: dict[str, Any]
    translate: Callable[[DBAPIError], StorageError]
    """The error that callers get."""


def open_engine(url: URL) -> OpenedEngine:
    """Choose by the kind of database.

    Raises:
        StorageError: a kind that is not supported, or a place that cannot be used.
    """
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _open_sqlite(url)
    if kind in ("postgresql", "postgres"):
        return _open_postgres(url)
    raise StorageError(
        f"databases of kind {kind!r} are not supported; use sqlite:///<path> or "
        "postgresql://<user>:<password>@<host>/<database>"
    )


def is_writing(connection: Connection) -> bool:
    """Whether this transaction may change something."""
    return bool(connection.get_execution_options().get("writes", False))


def lock_for_migration(connection: Connection) -> None:
    """Wait until no other server changes the tables; until the transaction ends."""
    if connection.dialect.name == "postgresql":
        statement = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(statement, {"number": MIGRATION_LOCK})


def is_clash(error: BaseException) -> bool:
    """Whether the same change may succeed when it is made again."""
    return isinstance(error, DBAPIError) and _code(error) in CLASH_CODES


# ---- SQLite --------------------------------------------------------------------------


def _open_sqlite(url: URL) -> OpenedEngine:
    path = url.database
    if not path or path == ":memory:":
        raise StorageError("the database must be a file: sqlite:///<path>")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    _make_private(path)
    engine = create_engine(
        url.set(drivername="sqlite"), pool_size=READERS_COUNT + 1, max_overflow=1
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)

    def translate(error: DBAPIError) -> StorageError:
        said = str(error.orig)
        if "malformed" in said or "not a database" in said:
            hint = "restore a backup, or move it away to begin anew"
            return StorageDamaged(f"{said}; {hint}", place=path)
        if "locked" in said:
            return StorageBusy(said, place=path)
        return StorageError(said, place=path)

    return OpenedEngine(engine, path, 1, False, {"writes": True}, {}, translate)


def _make_private(path: str) -> None:
    """Only the owner may read the database and what SQLite puts beside it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StorageError(error.strerror or str(error), place=path) from error


def _set_up_connection(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, and only before some statements.
    connection.isolation_level = None
    cursor = connection.cursor()
    # Waiting first: switching to WAL needs the lock that a second opener may hold.
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA journal_size_limit={WAL_BYTES_KEPT}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing(connection) else "BEGIN")


# ---- PostgreSQL ----------------------------------------------------------------------


def _open_postgres(url: URL) -> OpenedEngine:
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=READERS_COUNT + POSTGRES_WRITERS_COUNT,
            max_overflow=1,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 10,
                "application_name": "wandb-server",
                "options": f"-c lock_timeout={BUSY_TIMEOUT_MS} -c timezone=UTC",
            },
        )
    except ImportError as error:
        raise StorageError(
            "PostgreSQL needs the package psycopg: pip install 'wandb[postgres]'"
        ) from error
    # Options of the address may hold a password, too, and users read this.
    place = url.set(query={}).render_as_string(hide_password=True)

    def translate(error: DBAPIError) -> StorageError:
        said = " ".join(str(error.orig).split())
        code = _code(error)
        lost = error.connection_invalidated or not code
        if code == DISK_FULL:
            return StorageError(said, place=place)
        if lost or code[:2] in BUSY_CLASSES or is_clash(error):
            return StorageBusy(said, place=place)
        if code[:2] == "XX":
            return StorageDamaged(said, place=place)
        return StorageError(said, place=place)

    return OpenedEngine(
        engine,
        place,
        POSTGRES_WRITERS_COUNT,
        True,
        {"writes": True},
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        translate,
    )


def _code(error: DBAPIError) -> str:
    """The five letters that PostgreSQL names its errors by; empty if it said none."""
    return getattr(error.orig, "sqlstate", None) or ""
