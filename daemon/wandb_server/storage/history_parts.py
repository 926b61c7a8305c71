"""Which Parquet files of a run's history were made, and who may have files."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from wandb_server.storage import removal
from wandb_server.storage.database import upsert
from wandb_server.storage.history_part_schema import history_part_names, history_parts
from wandb_server.storage.schema import objects

NOBODY = 0
DROPPED_PER_SWEEP = 1_000


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One row; see `history_part_schema`."""

    run_id: int
    number: int
    end_line: int
    first_row: int
    fit: bool
    step_max: int | None
    keys: bytes
    object_id: int | None
    used_at: float


def parts_of(connection: Connection, run_id: int) -> list[StoredPart]:
    """By number, from 0 without gaps."""
    statement = select(history_parts).where(history_parts.c.run_id == run_id)
    rows = connection.execute(statement.order_by(history_parts.c.number))
    return [StoredPart(**row) for row in rows.mappings()]


def owner_of(connection: Connection, name: str) -> int | None:
    """The run whose files clients may have kept under this name."""
    statement = select(history_part_names.c.run_id)
    found: int | None = connection.scalar(
        statement.where(history_part_names.c.name == name)
    )
    return found


def add_part(connection: Connection, part: StoredPart, name: str) -> None:
    """Enter a part, or its file anew; with a file the name is the run's from now on."""
    values = {field: getattr(part, field) for field in StoredPart.__slots__}
    upsert(connection, history_parts, [values], ["object_id", "used_at"])
    if part.fit and owner_of(connection, name) is None:
        connection.execute(
            insert(history_part_names).values(name=name, run_id=part.run_id)
        )


def note_use(connection: Connection, run_id: int, now: float) -> None:
    """Somebody asks for the run's files."""
    mine = history_parts.c.run_id == run_id
    connection.execute(update(history_parts).where(mine).values(used_at=now))


def withdraw(connection: Connection, run_id: int, now: float) -> None:
    """The history becomes another one: no files of this run any more, ever, if it had
    some."""
    _make_dead(connection, history_parts.c.run_id == run_id, now)
    connection.execute(delete(history_parts).where(history_parts.c.run_id == run_id))
    mine = history_part_names.c.run_id == run_id
    connection.execute(update(history_part_names).where(mine).values(run_id=NOBODY))


def drop_unused(connection: Connection, before: float, now: float) -> int:
    """Let go of files that nobody asked for since `before`; how many."""
    return _make_dead(connection, _unused(before), now)


def drop_files(connection: Connection, object_ids: Sequence[int], now: float) -> None:
    """Let go of these files, which are damaged."""
    _make_dead(connection, history_parts.c.object_id.in_(object_ids), now)


def any_unused(connection: Connection, before: float) -> bool:
    """Whether there are such files."""
    statement = select(history_parts.c.number).where(_unused(before)).limit(1)
    return connection.execute(statement).first() is not None


def file_size(connection: Connection, object_id: int) -> tuple[str, int] | None:
    """(suffix, bytes) of the object, if it is the file of a part."""
    row = connection.execute(
        select(objects.c.suffix, objects.c.size_bytes)
        .join(history_parts, history_parts.c.object_id == objects.c.id)
        .where(objects.c.id == object_id)
    ).first()
    return None if row is None else (row.suffix, row.size_bytes)


def _unused(before: float) -> ColumnElement[bool]:
    old = history_parts.c.used_at < before
    return old & history_parts.c.object_id.is_not(None)


def _make_dead(connection: Connection, which: ColumnElement[bool], now: float) -> int:
    found: Sequence[int] = connection.scalars(
        select(history_parts.c.object_id)
        .where(which, history_parts.c.object_id.is_not(None))
        .limit(DROPPED_PER_SWEEP)
    ).all()
    if found:
        mine = history_parts.c.object_id.in_(found)
        connection.execute(update(history_parts).where(mine).values(object_id=None))
        removal.make_dead(connection, found, now)
    return len(found)
