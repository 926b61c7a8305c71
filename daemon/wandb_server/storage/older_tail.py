"""The tail as it was before version 0005: a row for each line.

Read by the migration, and from backups that were made before it.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
)

from wandb_server.storage.id_type import Id
from wandb_server.storage.lines import insert_lines
from wandb_server.storage.text_type import Text

ROWS_AT_ONCE = 1_000

OLDER_TAIL = Table(
    "tail_lines",
    MetaData(),
    Column("id", Id, primary_key=True),
    Column("run_id", Id),
    Column("file", Text),
    Column("log_id", Text),
    Column("line", BigInteger),
    Column("row", BigInteger),
    Column("step", BigInteger),
    Column("text", LargeBinary),
)


class LineRow(NamedTuple):
    """One row of that table."""

    run_id: int
    file: str
    log_id: str
    line: int
    row: int
    step: int | None
    text: bytes


def pack_lines(connection: Connection, lines: Iterable[LineRow]) -> int:
    """Put lines, each stream of them by row, into batches; how many lines."""
    total = 0
    for stream, mine in groupby(lines, attrgetter("run_id", "file", "log_id")):
        waiting: list[LineRow] = []
        for line in mine:
            # Rows of a batch have consecutive numbers.
            if waiting and (
                line.row != waiting[-1].row + 1 or len(waiting) == ROWS_AT_ONCE
            ):
                total += _put(connection, stream, waiting)
                waiting = []
            waiting.append(line)
        total += _put(connection, stream, waiting)
    return total


def _put(
    connection: Connection, stream: tuple[int, str, str], lines: list[LineRow]
) -> int:
    triples = [(line.line, line.text, line.step) for line in lines]
    insert_lines(connection, stream, lines[0].row, triples)
    return len(lines)
