"""One database: reads beside each other, writes in groups.

```
write(change) ─┐
write(change) ─┼─► waiting ─► [writer thread]  BEGIN  change, change, change  COMMIT
write(change) ─┘                                └── each in a savepoint ──┘      │
      ◄──────────────────── every caller hears after the one commit ────────────┘
read(question) ──► [reader threads]  one snapshot per question
```

A change or question is a plain function of a SQLAlchemy `Connection`. SQLite runs it
whole in a thread: one hop per transaction instead of several per statement, and a
caller that is cancelled cannot leave half of a transaction behind. (An asynchronous
driver would run the same functions through `AsyncConnection.run_sync`.) What differs
between databases is in this file and nowhere else.
"""

import asyncio
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from wandb_server.errors import StorageBusy, StorageDamaged, StorageError
from wandb_server.storage import migrations

logger = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_SIZE_MAX = 256
"""Changes per transaction."""
READERS_COUNT = 4
BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 16 * 1024
PARAMETERS_MAX = 500
"""Values of one IN list; longer lists are asked in pieces."""


class Database:
    """A migrated database. Made by `open_database`; `close` ends its threads."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self._place = place
        self._waiting: deque[_Change] = deque()
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(
            READERS_COUNT, thread_name_prefix="database-reader"
        )

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask within one snapshot. Cancelled: the answer is thrown away."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._answer, question)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Make one change; returns after the commit that holds it.

        Changes are made in order of arrival, several per transaction; one that raises
        is undone alone. Cancelled: the change may or may not be made.
        """
        done: Future[Any] = Future()
        with self._lock:
            self._waiting.append(_Change(change, done))
        self._writer.submit(self._commit_waiting)
        return cast("T", await asyncio.wrap_future(done))

    async def close(self) -> None:
        """Finish what was submitted, then close every connection."""
        await asyncio.to_thread(self._shut_down)

    # in threads ----------------------------------------------------------------------
    def _answer(self, question: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection, connection.begin():
                return question(connection)
        except DBAPIError as error:
            raise self._translate(error) from error

    def _commit_waiting(self) -> None:
        """Commit what has gathered; empty when an earlier call took all of it."""
        with self._lock:
            count = min(len(self._waiting), GROUP_SIZE_MAX)
            group = [self._waiting.popleft() for _ in range(count)]
        group = [
            change for change in group if change.done.set_running_or_notify_cancel()
        ]
        if not group:
            return
        try:
            with self._engine.connect() as connection:
                writer = connection.execution_options(writes=True)
                with writer.begin():
                    for change in group:
                        change.make(writer)
        except BaseException as error:
            failure = self._translate(error)
            for change in group:
                change.done.set_exception(failure)
            return
        for change in group:
            change.tell(self._translate)

    def _shut_down(self) -> None:
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._engine.dispose()

    def _translate(self, error: BaseException) -> BaseException:
        if not isinstance(error, DBAPIError):
            return error
        text = str(error.orig)
        if "malformed" in text or "not a database" in text:
            hint = "restore a backup, or move it away to begin anew"
            return StorageDamaged(f"{text}; {hint}", place=self._place)
        if isinstance(error, OperationalError) and "locked" in text:
            return StorageBusy(text, place=self._place)
        return StorageError(text, place=self._place)


class _Change:
    """One submitted change with its outcome."""

    __slots__ = ("_error", "_function", "_result", "done")

    def __init__(
        self, function: Callable[[Connection], Any], done: "Future[Any]"
    ) -> None:
        self._function = function
        self.done = done
        self._result: Any = None
        self._error: Exception | None = None

    def make(self, connection: Connection) -> None:
        """Run inside a savepoint. An error of the connection itself ends the group."""
        savepoint = connection.begin_nested()
        try:
            self._result = self._function(connection)
        except Exception as error:
            self._error = error
            savepoint.rollback()
        else:
            savepoint.commit()

    def tell(self, translate: Callable[[BaseException], BaseException]) -> None:
        if self._error is not None:
            self.done.set_exception(translate(self._error))
        else:
            self.done.set_result(self._result)


async def open_database(url: str) -> Database:
    """Connect, bring the tables to the newest shape, and return the database.

    Raises:
        StorageError: it cannot be opened or migrated.
    """
    return await asyncio.to_thread(_open, make_url(url))


def insert(connection: Connection, table: Table) -> Any:
    """INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    update: Sequence[str],
) -> None:
    """Insert rows; where the primary key exists, set the columns in `update`."""
    if not rows:
        return
    statement = insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in update},
    )
    connection.execute(statement, list(rows))


def in_pieces(values: Sequence[T]) -> list[Sequence[T]]:
    """Cut a list into pieces that fit into one statement."""
    return [
        values[at : at + PARAMETERS_MAX] for at in range(0, len(values), PARAMETERS_MAX)
    ]


def _open(url: URL) -> Database:
    if url.get_backend_name() != "sqlite":
        raise StorageError(
            f"databases of kind {url.get_backend_name()!r} are not supported yet; "
            "use sqlite:///<path>"
        )
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
    try:
        with engine.connect() as connection:
            writer = connection.execution_options(writes=True)
            with writer.begin():
                migrations.upgrade(writer)
    except DBAPIError as error:
        engine.dispose()
        raise StorageError(str(error.orig), place=path) from error
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, path)


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
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
