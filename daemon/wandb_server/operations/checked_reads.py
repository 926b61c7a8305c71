"""Bytes of files and artifacts, compared with their checksum on the way out."""

import zlib
from collections.abc import AsyncIterator

from wandb_server.errors import StorageDamaged
from wandb_server.operations.damage import CHANGED
from wandb_server.operations.stores import Stores
from wandb_server.storage import removal
from wandb_server.storage.objects import object_key


async def checked_bytes(
    stores: Stores, number: int, suffix: str, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """The bytes from `start` to before `end` (None: the last), in pieces.

    Of a whole object the last piece comes only when all of them are what was written: a
    reader never has a damaged file that looks whole.

    Raises:
        StorageDamaged: they are not.
        StorageBusy: the store does not answer.
    """
    key = object_key(number, suffix)
    sums = await stores.database.read(lambda db: removal.sums_of_objects(db, [number]))
    size, crc = sums.get(number, (None, None))
    whole = start == 0 and end in (None, size)
    found, length = 0, 0
    waiting = b""
    async for piece in stores.objects.get(key, start, end):
        if waiting:
            yield waiting
        waiting = piece
        length += len(piece)
        found = zlib.crc32(piece, found) if crc is not None and whole else 0
    if whole and size is not None and length != size:
        raise StorageDamaged(f"it has {length} bytes instead of {size}", place=key)
    if whole and crc is not None and found != crc:
        raise StorageDamaged(CHANGED, place=key)
    if waiting:
        yield waiting
