"""Pieces of history on their way to segments: columns, blocks and their objects."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from wandb_server.errors import StorageError
from wandb_server.ingest.blocks import SortedPoints, sum_blocks, worth_storing
from wandb_server.operations.damage import measure
from wandb_server.operations.stores import Stores
from wandb_server.storage import removal
from wandb_server.storage.objects import object_key
from wandb_server.storage.tables import KeyedColumns

POINT_COLUMNS = ("step", "row", "runtime", "timestamp", "value", "kind")


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object that is in the store but not yet in the catalog."""

    object_id: int
    suffix: str
    size_bytes: int
    crc32: int


def series_columns(keys: Sequence[str], points: SortedPoints) -> KeyedColumns:
    """The points as they are written."""
    columns = {name: getattr(points, name) for name in POINT_COLUMNS}
    return KeyedColumns(keys, points.counts, columns)


def block_columns(
    keys: Sequence[str], points: SortedPoints, point_count_min: int
) -> KeyedColumns | None:
    """The blocks as they are written; None where they are not worth their bytes."""
    if len(points.step) < point_count_min:
        return None
    blocks = sum_blocks(points)
    if not worth_storing(len(points.step), int(blocks.counts.sum())):
        return None
    return KeyedColumns(keys, blocks.counts, blocks.columns)


@asynccontextmanager
async def scratch(stores: Stores) -> AsyncIterator[Path]:
    """A directory for files that are being made; gone afterwards. Disks that are busy
    take long to forget megabytes, so a thread waits for them.
    """
    name = await asyncio.to_thread(tempfile.mkdtemp, dir=stores.workspace)
    try:
        yield Path(name)
    finally:
        await asyncio.to_thread(shutil.rmtree, name, ignore_errors=True)


async def put_objects(
    stores: Stores, run_id: int, paths: Sequence[Path]
) -> list[WrittenObject]:
    """Put files into the store; they are garbage until a transaction makes them live.

    A file's name is the suffix of its object.
    """
    suffixes, now = [path.name for path in paths], stores.clock()
    numbers = await stores.database.write(
        lambda db: removal.reserve_objects(db, run_id, suffixes, now)
    )
    written = []
    try:
        for number, path in zip(numbers, paths, strict=True):
            await stores.objects.put(object_key(number, path.name), path)
            size, crc = await asyncio.to_thread(measure, path)
            written.append(WrittenObject(number, path.name, size, crc))
    except (StorageError, OSError):
        await give_up(stores, numbers)
        raise
    return written


async def give_up(stores: Stores, numbers: Sequence[int]) -> None:
    """Delete objects that were never made live: on a full disk they take the room of
    the next try. What cannot be deleted now is left to the sweep.
    """
    now = stores.clock()
    with suppress(StorageError, OSError):
        # Asked under the lock of a change: a commit whose answer was lost may have
        # made them live.
        dead = await stores.database.write(
            lambda db: removal.make_dead_unless_live(db, numbers, now)
        )
        await stores.objects.delete([object_key(*one) for one in dead])
        await stores.database.write(
            lambda db: removal.forget_objects(db, [number for number, _ in dead])
        )
