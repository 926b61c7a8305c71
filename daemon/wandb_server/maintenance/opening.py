"""The stores, opened beside the server that may be running over them."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from wandb_server.settings import ServerSettings
from wandb_server.storage.database import Database, open_database
from wandb_server.storage.objects import Objects, open_objects
from wandb_server.storage.tables import SegmentTables

MEMORY_MIB = 256
SCRATCH = "care-"
SCRATCH_KEPT_S = 7 * 24 * 3600.0
"""Longer than any of this takes: what is older was left by one that was killed."""


@dataclass(frozen=True, slots=True)
class OpenedStores:
    """Rows, bytes, and Parquet files among the bytes."""

    database: Database
    objects: Objects
    tables: SegmentTables
    scratch: Path
    """A directory of our own, gone at the end."""


@asynccontextmanager
async def open_stores(
    settings: ServerSettings, environ: Mapping[str, str]
) -> AsyncIterator[OpenedStores]:
    """Open what these settings name; made if missing.

    Raises:
        StorageError: database or store cannot be opened, or are of a newer program.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_old(settings.data_dir)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=SCRATCH) as place:
        scratch = Path(place)
        objects = open_objects(settings.object_url, scratch / "cache", environ)
        database = await open_database(settings.database_url)
        tables = SegmentTables(MEMORY_MIB, 2, scratch)
        try:
            yield OpenedStores(database, objects, tables, scratch)
        finally:
            await tables.close()
            await database.close()


def _remove_old(data_dir: Path) -> None:
    for left in data_dir.glob(f"{SCRATCH}*"):
        if left.stat().st_mtime < time.time() - SCRATCH_KEPT_S:
            shutil.rmtree(left, ignore_errors=True)
