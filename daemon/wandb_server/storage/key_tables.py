"""What is known of the metrics in a run's segments, one compressed document per run."""

from collections.abc import Mapping
from typing import Any

import zstandard
from sqlalchemy import Connection, select
from wandb_proto import json_codec

from wandb_server.errors import StorageDamaged
from wandb_server.storage.database import upsert
from wandb_server.storage.schema import key_tables

LEVEL = 1


def read_table(connection: Connection, run_id: int) -> dict[str, Any]:
    """Plain facts by key; empty when nothing was compacted.

    Raises:
        StorageDamaged: not what was written.
    """
    content = connection.scalar(
        select(key_tables.c.content).where(key_tables.c.run_id == run_id)
    )
    if content is None:
        return {}
    try:
        plain = zstandard.ZstdDecompressor().decompress(content)
        facts: dict[str, Any] = json_codec.loads(plain.decode("utf-8", "surrogatepass"))
    except (ValueError, zstandard.ZstdError) as error:
        raise StorageDamaged(str(error), place=f"key table of run {run_id}") from error
    return facts


def write_table(
    connection: Connection, run_id: int, end_row: int, facts: Mapping[str, Any]
) -> None:
    """Replace the facts: they are of the rows below `end_row`."""
    content = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(
        json_codec.dumps(facts)
    )
    row = {"run_id": run_id, "end_row": end_row, "content": content}
    upsert(connection, key_tables, [row], ["end_row", "content"])
