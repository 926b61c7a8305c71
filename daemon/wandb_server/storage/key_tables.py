"""What is known of the metrics in a run's segments: compressed bytes per file."""

from collections.abc import Sequence

import zstandard
from sqlalchemy import Connection, select

from wandb_server.errors import StorageDamaged
from wandb_server.storage.database import in_pieces, upsert
from wandb_server.storage.schema import key_tables

LEVEL = 1


def read_tables(
    connection: Connection, run_ids: Sequence[int], file: str
) -> dict[int, bytes]:
    """What was stored of `file`, by run; nothing of runs that were never compacted.

    Raises:
        StorageDamaged: not what was written.
    """
    found: dict[int, bytes] = {}
    decompress = zstandard.ZstdDecompressor().decompress
    for piece in in_pieces(run_ids):
        statement = select(key_tables.c.run_id, key_tables.c.content).where(
            key_tables.c.run_id.in_(piece), key_tables.c.file == file
        )
        for run_id, content in connection.execute(statement):
            try:
                found[run_id] = decompress(content)
            except zstandard.ZstdError as error:
                place = f"key table of run {run_id}"
                raise StorageDamaged(str(error), place=place) from error
    return found


def write_table(
    connection: Connection, run_id: int, file: str, end_row: int, facts: bytes
) -> None:
    """Replace the facts: they are of the rows below `end_row`."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    content = compressor.compress(facts)
    row = {"run_id": run_id, "file": file, "end_row": end_row, "content": content}
    upsert(connection, key_tables, [row], ["end_row", "content"])
