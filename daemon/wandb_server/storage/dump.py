"""All rows of all tables as text, and back: what a backup holds of the database.

One JSON list per row, in the order of the columns that the first line names. Bytes are
base64; NaN and infinities are bare, as Python's json writes and reads them. The text is
the same whichever database it came from.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, select, text

from wandb_server.storage.artifact_schema import ARTIFACT_TABLES
from wandb_server.storage.database import insert
from wandb_server.storage.older_tail import OLDER_TAIL, LineRow, pack_lines
from wandb_server.storage.schema import leases, metadata

ROWS_AT_ONCE = 1_000
_LEFT_OUT = frozenset((leases.name,))
assert all(table.metadata is metadata for table in ARTIFACT_TABLES)


def dumped_tables() -> list[Table]:
    """In an order in which rows refer to earlier tables only."""
    return [table for table in metadata.sorted_tables if table.name not in _LEFT_OUT]


def dump_rows(connection: Connection, table: Table) -> Iterator[bytes]:
    """Lines: the names of the columns, then the rows by primary key."""
    is_bytes = [isinstance(column.type, LargeBinary) for column in table.columns]
    yield _line([column.name for column in table.columns])
    statement = select(table).order_by(*table.primary_key.columns)
    streamed = connection.execution_options(yield_per=ROWS_AT_ONCE)
    for row in streamed.execute(statement):
        yield _line(
            [
                base64.b64encode(value).decode()
                if binary and value is not None
                else value
                for value, binary in zip(row, is_bytes, strict=True)
            ]
        )


def load_rows(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Insert what `dump_rows` gave; how many rows.

    Columns that the dump does not have keep their default, those that the table does
    not have any more are left out.

    Raises:
        ValueError: not what `dump_rows` gives.
    """
    rows: list[dict[str, Any]] = []
    count = 0
    for row in _read(table, lines):
        rows.append(row)
        if len(rows) == ROWS_AT_ONCE:
            count += _insert(connection, table, rows)
    return count + _insert(connection, table, rows)


def load_older_tail(connection: Connection, lines: Iterable[bytes]) -> int:
    """Insert the tail of a backup made before version 0005; how many lines.

    Raises:
        ValueError: not what `dump_rows` gives.
    """
    names = LineRow._fields
    return pack_lines(
        connection,
        (LineRow(*(row[n] for n in names)) for row in _read(OLDER_TAIL, lines)),
    )


def _read(table: Table, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    remaining = iter(lines)
    names = json.loads(next(remaining))
    known = {column.name: column for column in table.columns}
    reads = [_reader(known[name]) if name in known else None for name in names]
    for line in remaining:
        values = json.loads(line)
        yield {
            name: read(value)
            for name, read, value in zip(names, reads, values, strict=True)
            if read is not None
        }


def is_empty(connection: Connection) -> bool:
    """Whether nothing was ever stored here."""
    return all(
        connection.execute(select(table).limit(1)).first() is None
        for table in dumped_tables()
    )


def set_counters(connection: Connection) -> None:
    """New rows get numbers above those that were loaded."""
    if connection.dialect.name != "postgresql":
        return  # SQLite looks at the rows
    for table in dumped_tables():
        column = table.autoincrement_column
        if column is None:
            continue
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:t, :c), :n)"),
                {"t": table.name, "c": column.name, "n": highest},
            )


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    count = len(rows)
    if rows:
        connection.execute(insert(connection, table), rows)
    rows.clear()
    return count


def _reader(column: Any) -> Callable[[Any], Any]:
    if isinstance(column.type, LargeBinary):
        return lambda value: None if value is None else base64.b64decode(value)
    return lambda value: value


def _line(values: list[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=True).encode() + b"\n"
