"""Lines of history and events: what was received, and those that wait in the tail.

```
          line_streams: end_line             known if below end_line and
 log A  ├───────────── received ─────┤        in segment_lines (compacted)
 log B      ├──────── received ──┤            or in tail_lines
                                             else new: gets the next row number
```

A line is stored once per (run, file, log id, line); a row number is its place in the
order of arrival within the run, the same in tail and segments.
"""

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select

from wandb_server.storage.database import in_pieces, insert_many, upsert
from wandb_server.storage.schema import line_streams, segment_lines, tail_lines

_COLUMNS = ("run_id", "file", "log_id", "line", "row", "step", "text")
_values_of = itemgetter(*_COLUMNS)
HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
STREAMS = {"history": HISTORY, "default": HISTORY, "system": EVENTS}
"""Files whose rows are charted, by the names that questions have for them."""


def stream_end(connection: Connection, run_id: int, file: str, log_id: str) -> int:
    """The first line that was never seen of this log's file."""
    found = connection.scalar(
        select(line_streams.c.end_line).where(
            line_streams.c.run_id == run_id,
            line_streams.c.file == file,
            line_streams.c.log_id == log_id,
        )
    )
    return int(found or 0)


def has_streams(connection: Connection, run_id: int, log_ids: Collection[str]) -> bool:
    """Whether any of these logs has sent lines of the run."""
    known = select(line_streams.c.end_line).where(
        line_streams.c.run_id == run_id, line_streams.c.log_id.in_(log_ids)
    )
    return connection.execute(known.limit(1)).first() is not None


def move_stream_end(
    connection: Connection, run_id: int, file: str, log_id: str, end_line: int
) -> None:
    """Remember the end; the caller knows that it moves forward."""
    row = {"run_id": run_id, "file": file, "log_id": log_id, "end_line": end_line}
    upsert(connection, line_streams, [row], ["end_line"])


def known_lines(
    connection: Connection, run_id: int, file: str, log_id: str, lines: range
) -> set[int]:
    """Which of these lines are stored, in tail or segments."""
    tail = select(tail_lines.c.line).where(
        tail_lines.c.run_id == run_id,
        tail_lines.c.file == file,
        tail_lines.c.log_id == log_id,
        tail_lines.c.line >= lines.start,
        tail_lines.c.line < lines.stop,
    )
    known = set(connection.scalars(tail))
    compacted = select(segment_lines.c.first_line, segment_lines.c.end_line).where(
        segment_lines.c.run_id == run_id,
        segment_lines.c.file == file,
        segment_lines.c.log_id == log_id,
        segment_lines.c.end_line > lines.start,
        segment_lines.c.first_line < lines.stop,
    )
    for first, end in connection.execute(compacted):
        known.update(range(max(first, lines.start), min(end, lines.stop)))
    return known


def insert_lines(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add lines to the tail: columns of `tail_lines` without `id`."""
    insert_many(connection, tail_lines, _COLUMNS, [_values_of(row) for row in rows])


def texts_with_steps(
    connection: Connection, run_id: int, file: str, steps: Sequence[int]
) -> list[tuple[int, bytes]]:
    """Tail lines that hold one of these steps."""
    found: list[tuple[int, bytes]] = []
    for piece in in_pieces(steps):
        statement = select(tail_lines.c.step, tail_lines.c.text).where(
            tail_lines.c.run_id == run_id,
            tail_lines.c.file == file,
            tail_lines.c.step.in_(piece),
        )
        found.extend((step, text) for step, text in connection.execute(statement))
    return found


def read_tail(
    connection: Connection,
    run_id: int,
    file: str,
    *,
    first_row: int = 0,
    line_count: int | None = None,
    steps: tuple[int | None, int | None] = (None, None),
) -> Sequence[RowMapping]:
    """Tail lines (log_id, line, row, step, text) from `first_row` on, by row.

    `steps` is half-open, None: no bound.
    """
    statement = (
        select(
            tail_lines.c.log_id,
            tail_lines.c.line,
            tail_lines.c.row,
            tail_lines.c.step,
            tail_lines.c.text,
        )
        .where(
            tail_lines.c.run_id == run_id,
            tail_lines.c.file == file,
            tail_lines.c.row >= first_row,
        )
        .order_by(tail_lines.c.row)
    )
    if steps[0] is not None:
        statement = statement.where(tail_lines.c.step >= steps[0])
    if steps[1] is not None:
        statement = statement.where(tail_lines.c.step < steps[1])
    if line_count is not None:
        statement = statement.limit(line_count)
    return connection.execute(statement).mappings().all()


def tail_files(connection: Connection, run_id: int) -> list[str]:
    """Which files have lines in the tail."""
    mine = select(tail_lines.c.file).where(tail_lines.c.run_id == run_id)
    return sorted(connection.scalars(mine.distinct()))


def first_tail_rows(
    connection: Connection, run_id: int, file: str, line_count: int, bytes_max: int
) -> int:
    """How many of the oldest tail lines fit (one always does)."""
    sizes = (
        select(func.length(tail_lines.c.text))
        .where(tail_lines.c.run_id == run_id, tail_lines.c.file == file)
        .order_by(tail_lines.c.row)
        .limit(line_count)
    )
    total, count = 0, 0
    for size in connection.scalars(sizes):
        total += size
        if count and total > bytes_max:
            break
        count += 1
    return count


def newest_tail_line(connection: Connection, run_id: int, file: str) -> bytes | None:
    """The text of the tail line that arrived last."""
    statement = (
        select(tail_lines.c.text)
        .where(tail_lines.c.run_id == run_id, tail_lines.c.file == file)
        .order_by(tail_lines.c.row.desc())
    )
    found: bytes | None = connection.scalar(statement.limit(1))
    return found


def has_tail_row(connection: Connection, run_id: int, file: str, row: int) -> bool:
    """False if the row was moved to a segment, or taken away, meanwhile."""
    mine = select(tail_lines.c.id).where(
        tail_lines.c.run_id == run_id,
        tail_lines.c.file == file,
        tail_lines.c.row == row,
    )
    return connection.execute(mine.limit(1)).first() is not None


def delete_tail(connection: Connection, run_id: int, file: str, end_row: int) -> int:
    """Remove tail lines below `end_row`; how many."""
    gone = connection.execute(
        delete(tail_lines).where(
            tail_lines.c.run_id == run_id,
            tail_lines.c.file == file,
            tail_lines.c.row < end_row,
        )
    )
    return gone.rowcount
