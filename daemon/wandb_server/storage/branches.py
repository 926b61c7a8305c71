"""Taking a history away, to store a part of it anew."""

from sqlalchemy import Connection, delete, func, select

from wandb_server.storage import catalog, history_parts, removal
from wandb_server.storage.database import in_pieces
from wandb_server.storage.lines import HISTORY
from wandb_server.storage.schema import key_tables, line_streams, tail_batches


def remove_history(connection: Connection, run_id: int, now: float) -> dict[int, str]:
    """Every row of the run's history; (object -> suffix) that are dead now."""
    found = catalog.segments_of(connection, run_id, HISTORY)
    history_parts.withdraw(connection, run_id, now)
    for piece in in_pieces([segment.id for segment in found]):
        catalog.remove_segments(connection, piece)
    for table in (tail_batches, line_streams, key_tables):
        mine = (table.c.run_id == run_id) & (table.c.file == HISTORY)
        connection.execute(delete(table).where(mine))
    numbers = [
        number
        for segment in found
        for number in (
            segment.rows_object,
            segment.series_object,
            segment.blocks_object,
        )
        if number is not None
    ]
    removal.make_dead(connection, numbers, now)
    return removal.known_objects(connection, numbers)


def tail_size(connection: Connection, run_id: int) -> tuple[int, int]:
    """(lines, bytes) in the run's tail, of every file."""
    size = func.coalesce(func.sum(tail_batches.c.size_bytes), 0)
    rows = tail_batches.c.end_row - tail_batches.c.first_row
    count = func.coalesce(func.sum(rows), 0)
    mine = tail_batches.c.run_id == run_id
    lines, total = connection.execute(select(count, size).where(mine)).one()
    return int(lines), int(total)
