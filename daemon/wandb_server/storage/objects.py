"""Bytes under keys that the server chose: a local directory, later any S3-like store.

A key is made from numbers of the database only; a name that a user gave is never part
of one. Objects are written once and never changed.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore

from wandb_server.errors import StorageError

if TYPE_CHECKING:
    from obstore import GetOptions

PART_BYTES = 1024 * 1024
"""Size of the pieces in which objects are written and read."""


class ObjectStore:
    """Objects of one server."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._store = LocalStore(directory, mkdir=True)

    async def put(self, key: str, body: AsyncIterator[bytes] | Path) -> None:
        """Write one object; it appears whole or not at all, and survives power loss.

        Raises:
            StorageError: it could not be written.
        """
        try:
            await self._store.put_async(key, body, chunk_size=PART_BYTES)
            await asyncio.to_thread(_sync, self._directory / key)
        except (BaseError, OSError) as error:
            raise StorageError(str(error), place=key) from error

    async def get(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Its bytes from `start` to before `end`, or to the last, in pieces.

        Raises:
            StorageError: it is not there or cannot be read.
        """
        try:
            answer = await self._store.get_async(key, options=_options(start, end))
            async for piece in answer.stream(PART_BYTES):
                yield bytes(piece)
        except (BaseError, OSError) as error:
            raise StorageError(str(error), place=key) from error

    async def delete(self, keys: list[str]) -> None:
        """Remove them; one that is absent already is fine."""
        for key in keys:
            try:
                await self._store.delete_async(key)
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                raise StorageError(str(error), place=key) from error

    async def listed(self) -> list[tuple[Path, float]]:
        """Every file of the store, half-written ones too, and when it was changed."""
        return await asyncio.to_thread(_listed, self._directory)

    async def local_path(self, key: str) -> Path:
        """A file with the object's bytes: itself where the store is local."""
        return self._directory / key


def _options(start: int, end: int | None) -> "GetOptions":
    if end is not None:
        return {"range": (start, end)} if end > start else {}
    return {"range": {"offset": start}} if start else {}


def open_objects(url: str) -> ObjectStore:
    """The store at `file:///directory` (made, 0700, if missing).

    Raises:
        StorageError: another scheme, or the directory cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise StorageError(
            f"object stores of kind {parts.scheme!r} are not supported yet"
        )
    directory = Path(unquote(parts.path))
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(
            error.strerror or str(error), place=str(directory)
        ) from error
    return ObjectStore(directory)


def object_key(object_id: int, suffix: str) -> str:
    """Where object number `object_id` lies: 4,096 of them per directory."""
    return f"{object_id >> 12:x}/{object_id:x}.{suffix}"


def object_id_of(path: Path) -> int | None:
    """The number in a file's name; None if it has none."""
    try:
        return int(path.name.partition(".")[0], 16)
    except ValueError:
        return None


def _listed(directory: Path) -> list[tuple[Path, float]]:
    found = []
    for place, _, names in os.walk(directory):
        for name in names:
            path = Path(place, name)
            try:
                found.append((path, path.stat().st_mtime))
            except FileNotFoundError:
                continue  # deleted meanwhile
    return found


def _sync(path: Path) -> None:
    for place, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY)):
        descriptor = os.open(place, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
