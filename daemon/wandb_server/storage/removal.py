"""Removing runs, and the garbage that crashes leave in the object store.

```
objects   writing ──► live ──► dead ──► row deleted
             │                  ▲          after its bytes are gone
             └── old: garbage ──┘
```
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from wandb_server.errors import StorageBusy
from wandb_server.storage.alerts import forget_alerts
from wandb_server.storage.artifact_files import forget_lineage
from wandb_server.storage.database import in_pieces
from wandb_server.storage.history_part_schema import history_parts
from wandb_server.storage.runs import find_run_by_id
from wandb_server.storage.schema import (
    RUN_TABLES,
    console_lines,
    objects,
    run_texts,
    runs,
    tail_batches,
)

GARBAGE_PER_SWEEP = 1_000


@dataclass(frozen=True, slots=True)
class Removed:
    """What a run took: bytes, and (id, suffix) of its objects."""

    freed_bytes: int
    objects: tuple[tuple[int, str], ...]


def reserve_objects(
    connection: Connection, run_id: int, suffixes: Sequence[str], now: float
) -> list[int]:
    """Numbers for objects about to be written; garbage until they are made live."""
    made = []
    for suffix in suffixes:
        values = {
            "run_id": run_id,
            "suffix": suffix,
            "size_bytes": 0,
            "state": "writing",
            "changed_at": now,
        }
        result = connection.execute(insert(objects).values(values))
        assert result.inserted_primary_key is not None
        made.append(int(result.inserted_primary_key[0]))
    return made


def touch(connection: Connection, object_id: int, now: float) -> None:
    """The object is still being written."""
    mine = (objects.c.id == object_id) & (objects.c.state == "writing")
    connection.execute(update(objects).where(mine).values(changed_at=now))


def make_live(
    connection: Connection, object_id: int, size_bytes: int, crc32: int | None = None
) -> None:
    """The object is whole and somebody refers to it."""
    made = connection.execute(
        update(objects)
        .where(objects.c.id == object_id, objects.c.state != "dead")
        .values(state="live", size_bytes=size_bytes, crc32=crc32)
    )
    if not made.rowcount:
        # It took so long that it was swept up as garbage.
        raise StorageBusy("the bytes were removed while they were written; send again")


def make_dead(connection: Connection, object_ids: Sequence[int], now: float) -> None:
    """Nobody refers to these objects any more."""
    for piece in in_pieces(object_ids):
        connection.execute(
            update(objects)
            .where(objects.c.id.in_(piece))
            .values(state="dead", changed_at=now)
        )


def make_dead_unless_live(
    connection: Connection, object_ids: Sequence[int], now: float
) -> list[tuple[int, str]]:
    """(id, suffix) of those objects that nobody refers to; they are dead now."""
    found: list[tuple[int, str]] = []
    for piece in in_pieces(object_ids):
        unused = objects.c.id.in_(piece) & (objects.c.state != "live")
        statement = update(objects).where(unused).values(state="dead", changed_at=now)
        rows = connection.execute(statement.returning(objects.c.id, objects.c.suffix))
        found += [(row.id, row.suffix) for row in rows]
    return found


def remove_run(connection: Connection, run_id: int, now: float) -> Removed | None:
    """Delete every row of the run; the caller deletes its (dead) objects."""
    if find_run_by_id(connection, run_id) is None:
        return None
    freed = bytes_of_run(connection, run_id)
    mine = objects.c.run_id == run_id
    found = connection.execute(select(objects.c.id, objects.c.suffix).where(mine)).all()
    forget_alerts(connection, run_id)
    forget_lineage(connection, run_id)
    for table in (history_parts, *RUN_TABLES):
        connection.execute(delete(table).where(table.c.run_id == run_id))
    connection.execute(delete(runs).where(runs.c.id == run_id))
    connection.execute(update(objects).where(mine).values(state="dead", changed_at=now))
    return Removed(
        freed,
        tuple((row.id, row.suffix) for row in found),
    )


def claim_garbage(connection: Connection, before: float) -> list[tuple[int, str, int]]:
    """(id, suffix, bytes) of objects that nobody refers to since `before`.

    They are dead from now on: who is still writing one cannot make it live while its
    bytes are deleted.
    """
    old = (objects.c.state != "live") & (objects.c.changed_at < before)
    oldest = select(objects.c.id).where(old).limit(GARBAGE_PER_SWEEP)
    found: list[tuple[int, str, int]] = []
    for piece in in_pieces(list(connection.scalars(oldest))):
        mine = objects.c.id.in_(piece) & old
        statement = update(objects).where(mine).values(state="dead")
        rows = connection.execute(
            statement.returning(objects.c.id, objects.c.suffix, objects.c.size_bytes)
        )
        found += [(row.id, row.suffix, row.size_bytes) for row in rows]
    return found


def known_objects(connection: Connection, object_ids: Sequence[int]) -> dict[int, str]:
    """Suffixes by id of those objects that have a row."""
    found: dict[int, str] = {}
    for piece in in_pieces(object_ids):
        mine = select(objects.c.id, objects.c.suffix).where(objects.c.id.in_(piece))
        found.update((row.id, row.suffix) for row in connection.execute(mine))
    return found


def sums_of_objects(
    connection: Connection, object_ids: Sequence[int]
) -> dict[int, tuple[int, int | None]]:
    """Size and CRC-32 of those that are in use; segments have one, files have not."""
    found: dict[int, tuple[int, int | None]] = {}
    for piece in in_pieces(object_ids):
        mine = objects.c.id.in_(piece) & (objects.c.state == "live")
        statement = select(objects.c.id, objects.c.size_bytes, objects.c.crc32)
        for row in connection.execute(statement.where(mine)):
            found[row.id] = (row.size_bytes, row.crc32)
    return found


def forget_objects(connection: Connection, object_ids: Sequence[int]) -> None:
    """Their bytes are gone."""
    for piece in in_pieces(object_ids):
        gone = objects.c.id.in_(piece) & (objects.c.state != "live")
        connection.execute(delete(objects).where(gone))


def bytes_of_run(connection: Connection, run_id: int) -> int:
    """What the run takes: its texts and its objects."""
    stored = select(func.coalesce(func.sum(objects.c.size_bytes), 0))
    total = int(connection.scalar(stored.where(objects.c.run_id == run_id)) or 0)
    for table, each in (
        (tail_batches, tail_batches.c.size_bytes),
        (console_lines, func.length(console_lines.c.text)),
        (run_texts, func.length(run_texts.c.config)),
        (run_texts, func.length(run_texts.c.summary)),
    ):
        size = func.coalesce(func.sum(each), 0)
        total += int(
            connection.scalar(select(size).where(table.c.run_id == run_id)) or 0
        )
    return total
