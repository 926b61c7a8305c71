"""Lines of history and events: what was received, and those that wait in the tail.

```
          line_streams: end_line             known if below end_line and
 log A  ├───────────── received ─────┤        in segment_lines (compacted)
 log B      ├──────── received ──┤            or in tail_batches
                                             else new: gets the next row number
```

A line is stored once per (run, file, log id, line); a row number is its place in the
order of arrival within the run, the same in tail and segments. Whoever inserts lines
holds the run's row: nobody else inserts lines of that run meanwhile.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, select
from sqlalchemy import insert as plain_insert

from wandb_server.storage.schema import line_streams, segment_lines, tail_batches
from wandb_server.storage.statements import Prepared, upsert_statement
from wandb_server.storage.tail_batch import (
    TailBatch,
    TailRow,
    cut,
    pack,
    unpack,
    with_steps,
)

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
STREAMS = {"history": HISTORY, "default": HISTORY, "system": EVENTS}
"""Files whose rows are charted, by the names that questions have for them."""

_MINE = (
    line_streams.c.run_id == bindparam("run_id"),
    line_streams.c.file == bindparam("file"),
    line_streams.c.log_id == bindparam("log_id"),
)
_STREAM_END = Prepared(lambda _: select(line_streams.c.end_line).where(*_MINE))
_MOVE_END = Prepared(lambda kind: upsert_statement(line_streams, ["end_line"], kind))
_ADD_BATCH = Prepared(
    lambda _: plain_insert(tail_batches).values(
        {
            column.name: bindparam(column.name, type_=column.type)
            for column in tail_batches.columns
            if column.name != "id"
        }
    )
)
_PACKED = (
    tail_batches.c.log_id,
    tail_batches.c.first_line,
    tail_batches.c.first_row,
    tail_batches.c.content,
)


def stream_end(connection: Connection, run_id: int, file: str, log_id: str) -> int:
    """The first line that was never seen of this log's file."""
    found = _STREAM_END.first(
        connection, {"run_id": run_id, "file": file, "log_id": log_id}
    )
    return 0 if found is None else int(found[0])


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
    _MOVE_END.run(connection, row)


def known_lines(
    connection: Connection, run_id: int, file: str, log_id: str, lines: range
) -> set[int]:
    """Which of these lines are stored, in tail or segments."""
    tail = select(tail_batches.c.first_line, tail_batches.c.end_line).where(
        *_of(run_id, file),
        tail_batches.c.log_id == log_id,
        tail_batches.c.end_line > lines.start,
        tail_batches.c.first_line < lines.stop,
    )
    compacted = select(segment_lines.c.first_line, segment_lines.c.end_line).where(
        segment_lines.c.run_id == run_id,
        segment_lines.c.file == file,
        segment_lines.c.log_id == log_id,
        segment_lines.c.end_line > lines.start,
        segment_lines.c.first_line < lines.stop,
    )
    known: set[int] = set()
    for first, end in (*connection.execute(tail), *connection.execute(compacted)):
        known.update(range(max(first, lines.start), min(end, lines.stop)))
    return known


def insert_lines(
    connection: Connection,
    stream: tuple[int, str, str],
    first_row: int,
    lines: Sequence[tuple[int, bytes, int | None]],
) -> None:
    """Add new lines of a (run, file, log id) to the tail.

    Lines are (line, text, step); their rows are numbered from `first_row` on.
    """
    run_id, file, log_id = stream
    for part in cut(lines):
        numbers, texts, steps = zip(*lines[part], strict=True)
        known = [step for step in steps if step is not None]
        _ADD_BATCH.run(
            connection,
            {
                "run_id": run_id,
                "file": file,
                "log_id": log_id,
                "first_line": numbers[0],
                "end_line": numbers[-1] + 1,
                "first_row": first_row + part.start,
                "end_row": first_row + part.stop,
                "step_min": min(known, default=None),
                "step_max": max(known, default=None),
                "size_bytes": sum(map(len, texts)),
                "content": pack(steps, texts),
            },
        )


def texts_with_steps(
    connection: Connection, run_id: int, file: str, steps: Collection[int]
) -> list[tuple[int, bytes]]:
    """Tail lines that hold one of these steps, by row."""
    if not steps:
        return []
    wanted = set(steps)
    rows = _rows(connection, run_id, file, _overlaps(min(wanted), max(wanted) + 1))
    return [(step, text) for _, step, text in with_steps(rows) if step in wanted]


def read_tail(
    connection: Connection,
    run_id: int,
    file: str,
    *,
    first_row: int = 0,
    steps: tuple[int | None, int | None] = (None, None),
) -> list[TailRow]:
    """Tail lines (row, step, text) from `first_row` on, by row.

    `steps` is half-open, None: no bound; with one, only lines that have a step.
    """
    low, high = steps
    which = [*_overlaps(low, high), tail_batches.c.end_row > first_row]
    rows = (r for r in _rows(connection, run_id, file, which) if r[0] >= first_row)
    if low is None and high is None:
        return list(rows)
    return [
        row
        for row in rows
        if row[1] is not None
        and (low is None or row[1] >= low)
        and (high is None or row[1] < high)
    ]


def oldest_batches(
    connection: Connection, run_id: int, file: str, rows_max: int, bytes_max: int
) -> list[TailBatch]:
    """The oldest batches that fit together (one always does), by row."""
    found: list[TailBatch] = []
    rows, size = 0, 0
    statement = _batches(run_id, file).add_columns(tail_batches.c.size_bytes)
    with connection.execution_options(yield_per=16).execute(statement) as packed:
        for *columns, size_bytes in packed:
            batch = _unpacked(columns)
            rows, size = rows + len(batch.texts), size + size_bytes
            if found and (rows > rows_max or size > bytes_max):
                break
            found.append(batch)
    return found


def tail_files(connection: Connection, run_id: int) -> list[str]:
    """Which files have lines in the tail."""
    mine = select(tail_batches.c.file).where(tail_batches.c.run_id == run_id)
    return sorted(connection.scalars(mine.distinct()))


def newest_tail_line(connection: Connection, run_id: int, file: str) -> bytes | None:
    """The text of the tail line that arrived last."""
    newest = (
        select(tail_batches.c.content)
        .where(*_of(run_id, file))
        .order_by(tail_batches.c.first_row.desc())
    )
    found = connection.scalar(newest.limit(1))
    return None if found is None else unpack(found)[1][-1]


def has_tail_row(connection: Connection, run_id: int, file: str, row: int) -> bool:
    """Whether a batch begins with the row: it was not moved or taken away meanwhile."""
    mine = select(tail_batches.c.id).where(
        *_of(run_id, file), tail_batches.c.first_row == row
    )
    return connection.execute(mine.limit(1)).first() is not None


def delete_tail(connection: Connection, run_id: int, file: str, end_row: int) -> None:
    """Remove the batches below `end_row`."""
    connection.execute(
        delete(tail_batches).where(
            *_of(run_id, file), tail_batches.c.first_row < end_row
        )
    )


def _of(run_id: int, file: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return tail_batches.c.run_id == run_id, tail_batches.c.file == file


def _overlaps(low: int | None, high: int | None) -> list[ColumnElement[bool]]:
    """Batches that may hold a step of this half-open range."""
    found = []
    if low is not None:
        found.append(tail_batches.c.step_max >= low)
    if high is not None:
        found.append(tail_batches.c.step_min < high)
    return found


def _batches(run_id: int, file: str) -> Select[Any]:
    mine = select(*_PACKED).where(*_of(run_id, file))
    return mine.order_by(tail_batches.c.first_row)


def _rows(
    connection: Connection,
    run_id: int,
    file: str,
    which: Sequence[ColumnElement[bool]],
) -> Iterator[TailRow]:
    for columns in connection.execute(_batches(run_id, file).where(*which)):
        yield from _unpacked(columns).rows()


def _unpacked(columns: Sequence[Any]) -> TailBatch:
    log_id, first_line, first_row, content = columns
    return TailBatch(log_id, first_line, first_row, *unpack(content))
