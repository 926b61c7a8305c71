"""What the server does: one method per thing that can be asked or changed.

`open_archive` wires the stores; `archive.StoredArchive` is what `graphql` and `api`
use, through the protocol `model.archive.Archive`.
"""

import asyncio
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from wandb_server.errors import StorageError
from wandb_server.model.archive import Archive
from wandb_server.operations.archive import StoredArchive
from wandb_server.operations.block_cache import BlockCache
from wandb_server.operations.changes import ChangeFeed
from wandb_server.operations.limits import ArchiveSettings
from wandb_server.operations.row_indexes import RowIndexes
from wandb_server.operations.shared_changes import SharedChanges
from wandb_server.operations.stores import Clock, Stores, Upkeep
from wandb_server.operations.tails import Tails
from wandb_server.storage.database import open_database
from wandb_server.storage.objects import open_objects
from wandb_server.storage.tables import SegmentTables

__all__ = ["ArchiveSettings", "StoredArchive", "open_archive"]


async def open_archive(
    database_url: str,
    object_url: str,
    *,
    clock: Clock = time.time,
    settings: ArchiveSettings | None = None,
    data_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Archive:
    """The archive in this database and this object store, made if missing.

    database_url: `sqlite:///<path>` or `postgresql://…`; object_url: `file:///<path>`
    or `s3://<bucket>/<prefix>`, whose keys may come from `environ`. What is being made
    and what was fetched lies in `data_dir` (default: beside the SQLite file). The
    caller makes sure that no other process uses the same SQLite file or data
    directory, and closes the archive.

    Raises:
        StorageError: database or store cannot be opened, or are of a newer program.
    """
    settings = settings or ArchiveSettings()
    data_dir = data_dir or _beside(database_url)
    workspace, cache = data_dir / "workspace", data_dir / "cache"
    await asyncio.to_thread(_empty, workspace, cache)
    objects = open_objects(object_url, cache, environ)
    database = await open_database(database_url)
    feed, upkeep = ChangeFeed(), Upkeep()
    shared = database.is_shared
    return StoredArchive(
        Stores(
            database=database,
            objects=objects,
            tables=SegmentTables(
                settings.query_memory_mib, settings.query_threads, workspace
            ),
            tails=Tails(settings.parsed_points_max),
            blocks=BlockCache(settings.block_cache_bytes_max),
            indexes=RowIndexes(settings.row_index_bytes_max),
            feed=feed,
            clock=clock,
            workspace=workspace,
            compacting=asyncio.Lock(),
            upkeep=upkeep,
            settings=settings,
            shared_changes=SharedChanges(database_url, feed, upkeep.server_id)
            if shared
            else None,
        )
    )


def _beside(database_url: str) -> Path:
    """Where an SQLite file lies; never the working directory, which is not ours."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise StorageError("a database that is no file needs a data directory")
    return Path(url.database).parent


def _empty(*directories: Path) -> None:
    """What an earlier process left half made or half fetched is of no use."""
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True, mode=0o700)
