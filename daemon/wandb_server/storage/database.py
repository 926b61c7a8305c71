"""One database: reads beside each other, writes in groups.

```
write(change) ─┐
write(change) ─┼─► waiting ─► [writer thread]  BEGIN  change, change, change  COMMIT
write(change) ─┘                                  │ one of them fails            │
      ▲                                           ▼                              │
      │                BEGIN  savepoint change, savepoint change …  COMMIT       │
      └───────────────────── every caller hears after the one commit ────────────┘
read(question) ──► [reader threads]  one snapshot per question
```

Savepoints cost as much as the changes of a small post, so a group is made without them
first. If a change fails, nothing of the group is kept and all are made again, each in a
savepoint, so that only those that fail are undone.

A change or question is a plain function of a SQLAlchemy `Connection`. It runs whole in
a thread: one hop per transaction instead of several per statement, and a caller that is
cancelled cannot leave half of a transaction behind. What differs between databases is
in `engines`, `text_type` and `insert` below, and nowhere else.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from wandb_server.storage import migrations
from wandb_server.storage.engines import (
    READERS_COUNT,
    OpenedEngine,
    is_clash,
    is_writing,
    lock_for_migration,
    open_engine,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_SIZE_MAX = 256
"""Changes per transaction."""
TRIES_COUNT = 5
"""How often a change is made that clashes with those of other writers."""
PARAMETERS_MAX = 500
"""Values of one IN list; longer lists are asked in pieces."""


class Database:
    """A migrated database. Made by `open_database`; `close` ends its threads."""

    def __init__(self, opened: OpenedEngine) -> None:
        self._opened = opened
        self._waiting: deque[_Change] = deque()
        self._lock = threading.Lock()
        self._awake_count = 0
        """Writer threads that look, or are about to look, at what waits."""
        self._writers = ThreadPoolExecutor(
            opened.writers_count, thread_name_prefix="database-writer"
        )
        self._readers = ThreadPoolExecutor(
            READERS_COUNT, thread_name_prefix="database-reader"
        )

    @property
    def is_shared(self) -> bool:
        """Several servers may use it at the same time."""
        return self._opened.is_shared

    @property
    def waiting_count(self) -> int:
        """Changes that no transaction has taken yet."""
        return len(self._waiting)

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask within one snapshot. Cancelled: the answer is thrown away."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._answer, question)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Make one change; returns after the commit that holds it.

        Changes are begun in order of arrival, several per transaction; one that raises
        is undone alone, one that clashes with another writer's is made again (so a
        change does nothing but ask and change the database). Cancelled: the change may
        or may not be made.
        """
        loop = asyncio.get_running_loop()
        asked = _Change(change, loop, loop.create_future())
        with self._lock:
            self._waiting.append(asked)
            wakes = self._awake_count < self._opened.writers_count
            self._awake_count += wakes
        if wakes:
            self._writers.submit(self._commit_waiting)
        return cast("T", await asked.done)

    async def close(self) -> None:
        """Finish what was submitted, then close every connection."""
        await asyncio.to_thread(self._shut_down)

    # in threads ----------------------------------------------------------------------
    def _answer(self, question: Callable[[Connection], T]) -> T:
        try:
            connection = self._connect(self._opened.read_options)
            with connection, connection.begin():
                return question(connection)
        except DBAPIError as error:
            raise self._opened.translate(error) from error

    def _connect(self, options: Mapping[str, Any]) -> Connection:
        return self._opened.engine.connect().execution_options(**options)

    def _commit_waiting(self) -> None:
        """Commit what has gathered, until nothing waits any more."""
        while group := self._next_group():
            _tell(self._commit_group(group))

    def _next_group(self) -> "list[_Change]":
        """Changes that somebody still waits for; empty: this thread goes to sleep."""
        with self._lock:
            while self._waiting:
                count = min(len(self._waiting), GROUP_SIZE_MAX)
                group = [self._waiting.popleft() for _ in range(count)]
                wanted = [change for change in group if not change.done.cancelled()]
                if wanted:
                    return wanted
            self._awake_count -= 1
            return []

    def _commit_group(self, group: "list[_Change]") -> "list[_Change]":
        """Make the changes; all of them, with their outcomes."""
        if self._commit(group, guarded=False) == len(group):
            return group
        rest = group
        while rest:
            made = self._commit(rest, guarded=True)
            if made < len(rest):
                # Alone: it waits for others while it keeps nobody waiting.
                self._commit_alone(rest[made])
            rest = rest[made + 1 :]
        return group

    def _commit_alone(self, change: "_Change") -> None:
        for _ in range(TRIES_COUNT):
            if self._commit([change], guarded=True):
                return
        assert change.error is not None
        change.error = self._translate(change.error)

    def _commit(self, group: "Sequence[_Change]", *, guarded: bool) -> int:
        """Make these changes in one transaction, up to the first one that clashes.

        guarded: each in a savepoint. Without, one that fails undoes them all.
        How many have been made (or failed for good).
        """
        made = 0
        try:
            writer = self._connect(self._opened.write_options)
            with writer, writer.begin():
                for change in group:
                    change.make(writer, guarded=guarded)
                    if change.clashed:
                        break
                    made += 1
        except _Undone:
            return 0
        except BaseException as error:
            clashed = is_clash(error)
            failure = error if clashed else self._translate(error)
            for change in group:
                change.error = failure
            return 0 if clashed else len(group)
        for change in group[:made]:
            if change.error is not None:
                change.error = self._translate(change.error)
        return made

    def _shut_down(self) -> None:
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._opened.engine.dispose()

    def _translate(self, error: BaseException) -> BaseException:
        if isinstance(error, DBAPIError):
            return self._opened.translate(error)
        return error


class _Undone(Exception):
    """A change failed that was not in a savepoint."""


class _Change:
    """One submitted change with its outcome."""

    __slots__ = ("_function", "_result", "done", "error", "loop")

    def __init__(
        self,
        function: Callable[[Connection], Any],
        loop: asyncio.AbstractEventLoop,
        done: "asyncio.Future[Any]",
    ) -> None:
        self._function = function
        self.loop = loop
        self.done = done
        self._result: Any = None
        self.error: BaseException | None = None

    def make(self, connection: Connection, *, guarded: bool) -> None:
        """Run it. An error of the connection itself ends the group."""
        self.error = None
        savepoint = connection.begin_nested() if guarded else None
        try:
            self._result = self._function(connection)
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            if savepoint is None:
                raise _Undone from error
            self.error = error
            savepoint.rollback()
        else:
            if savepoint is not None:
                savepoint.commit()

    @property
    def clashed(self) -> bool:
        """Whether another writer was in the way: nothing of it was done."""
        return self.error is not None and is_clash(self.error)

    def tell(self) -> None:
        """Wake the caller, on its own loop."""
        if self.done.cancelled():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self._result)


def _tell(group: Sequence[_Change]) -> None:
    """Tell every caller, with one call into each loop."""
    for loop in {change.loop for change in group}:
        mine = [change for change in group if change.loop is loop]
        with contextlib.suppress(RuntimeError):  # the loop ended: nobody listens
            loop.call_soon_threadsafe(_tell_all, mine)


def _tell_all(group: Sequence[_Change]) -> None:
    for change in group:
        change.tell()


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


def locked(connection: Connection, statement: Select[Any], table: Table) -> Select[Any]:
    """The statement, keeping its rows of `table` from other writers in a change."""
    if is_writing(connection):
        return statement.with_for_update(of=table)
    return statement


def in_pieces(values: Sequence[T]) -> list[Sequence[T]]:
    """Cut a list into pieces that fit into one statement."""
    return [
        values[at : at + PARAMETERS_MAX] for at in range(0, len(values), PARAMETERS_MAX)
    ]


def _open(url: URL) -> Database:
    opened = open_engine(url)
    try:
        with opened.engine.connect() as connection:
            writer = connection.execution_options(**opened.write_options)
            with writer.begin():
                lock_for_migration(writer)
                migrations.upgrade(writer)
    except DBAPIError as error:
        opened.engine.dispose()
        raise opened.translate(error) from error
    except BaseException:
        opened.engine.dispose()
        raise
    return Database(opened)
