"""Console lines: written by line, overwritten by line, never compacted.

Each writer numbers its own lines; `number` is the place in the one console that people
see. It equals the line of the first (usually only) writer; lines of others follow in
order of arrival, each log in its own order.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from wandb_server.storage.database import insert
from wandb_server.storage.schema import console_lines, to_bytes, to_text

CONSOLE = "output.log"


def write_console(
    connection: Connection,
    run_id: int,
    log_id: str,
    first_line: int,
    texts: Sequence[str],
) -> None:
    """Store or overwrite consecutive lines of one log."""
    end_line = first_line + len(texts)
    known = _numbers(connection, run_id, log_id, first_line, end_line)
    if len(known) < len(texts):
        place = _next_places(connection, run_id, log_id)
        for line in range(first_line, end_line):
            if line not in known:
                # Alone: lines keep their numbers, gaps included.
                known[line] = line if place is None else (place := max(place, line))
                place = None if place is None else place + 1
    rows = [
        {
            "run_id": run_id,
            "log_id": log_id,
            "line": line,
            "number": known[line],
            "text": to_bytes(text),
        }
        for line, text in enumerate(texts, first_line)
    ]
    statement = insert(connection, console_lines)
    statement = statement.on_conflict_do_update(
        index_elements=["run_id", "log_id", "line"],
        set_={"text": statement.excluded.text},
    )
    connection.execute(statement, rows)


def read_console(
    connection: Connection, run_id: int, first_number: int, line_count: int
) -> list[tuple[int, str]]:
    """(number, text) in order, from `first_number` on."""
    statement = (
        select(console_lines.c.number, console_lines.c.text)
        .where(console_lines.c.run_id == run_id, console_lines.c.number >= first_number)
        .order_by(console_lines.c.number)
        .limit(line_count)
    )
    return [(number, to_text(text)) for number, text in connection.execute(statement)]


def console_end(connection: Connection, run_id: int) -> int:
    """One more than the highest number."""
    highest = connection.scalar(
        select(func.max(console_lines.c.number)).where(console_lines.c.run_id == run_id)
    )
    return 0 if highest is None else int(highest) + 1


def has_labels(connection: Connection, run_id: int) -> bool:
    """True if several writers shared the run: then lines carry labels."""
    shared = select(console_lines.c.id).where(
        console_lines.c.run_id == run_id,
        console_lines.c.log_id >= "client:",
        console_lines.c.log_id < "client;",
    )
    return connection.execute(shared.limit(1)).first() is not None


def _numbers(
    connection: Connection, run_id: int, log_id: str, first_line: int, end_line: int
) -> dict[int, int]:
    statement = select(console_lines.c.line, console_lines.c.number).where(
        console_lines.c.run_id == run_id,
        console_lines.c.log_id == log_id,
        console_lines.c.line >= first_line,
        console_lines.c.line < end_line,
    )
    return {row.line: row.number for row in connection.execute(statement)}


def _next_places(connection: Connection, run_id: int, log_id: str) -> int | None:
    """The next free number; None if this log is the only one (then number = line)."""
    mine = select(console_lines.c.id).where(console_lines.c.run_id == run_id).limit(1)
    # Two ranges of the index; "not equal" would walk over every line of this log.
    others = (console_lines.c.log_id < log_id, console_lines.c.log_id > log_id)
    if all(connection.execute(mine.where(other)).first() is None for other in others):
        return None
    return console_end(connection, run_id)
