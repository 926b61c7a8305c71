"""The files of one artifact on their way: asked for in batches, sent in parallel."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from wandb_core.artifacts.manifest import Entry
from wandb_core.errors import PermanentError
from wandb_core.server_client import ServerClient
from wandb_core.server_client.artifact_calls import (
    ArtifactCalls,
    FilePlace,
    FileSpec,
)
from wandb_core.server_client.file_content import PIECE_BYTES

BATCH_FILES_MAX = 500
PARALLEL_PUTS = 8

SMALL_BYTES_MAX = 1 << 20
"""Smaller files are read whole: most of a thousand small ones is the overhead."""

PARTS_FROM_BYTES = 2 << 30
"""Larger files go in parts, where the server wants them so."""
PART_BYTES_MIN = 100 << 20
PARTS_MAX = 1_000

T = TypeVar("T")


class Attempts(Protocol):
    """Tries again what fails for the moment."""

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The first result; permanent errors are raised at once."""
        ...


class FileGone(PermanentError):
    """A file of an artifact is not there (any more), or not what it was."""


class FileUploads:
    """Sends what the server does not have; says where each content is at home."""

    def __init__(
        self,
        client: ServerClient,
        calls: ArtifactCalls,
        attempts: Attempts,
        artifact_id: str,
        manifest_id: str,
        on_bytes: Callable[[int], None],
        *,
        parts_from_bytes: int = PARTS_FROM_BYTES,
        part_bytes_min: int = PART_BYTES_MIN,
    ) -> None:
        """`on_bytes` is told of bytes that need not be sent any more."""
        self._client = client
        self._calls = calls
        self._attempts = attempts
        self._artifact_id = artifact_id
        self._manifest_id = manifest_id
        self._on_bytes = on_bytes
        self._parts_from_bytes = parts_from_bytes
        self._part_bytes_min = part_bytes_min
        self._sent: set[tuple[str, int]] = set()
        """(digest, size) of what was sent, or was there."""

    async def send(self, entries: Sequence[Entry]) -> None:
        """Return when the server has all of them; sets their birth artifacts.

        Raises:
            PermanentError: the server refuses one, or a file is gone.

        Cancelled: what was sent is at the server.
        """
        for first in range(0, len(entries), BATCH_FILES_MAX):
            await self._send_batch(entries[first : first + BATCH_FILES_MAX])

    async def _send_batch(self, entries: Sequence[Entry]) -> None:
        specs = [await self._spec(entry) for entry in entries]
        places = await self._places(specs)
        turns = asyncio.Semaphore(PARALLEL_PUTS)
        async with asyncio.TaskGroup() as tasks:
            for entry, spec, place in zip(entries, specs, places, strict=True):
                entry.birth_artifact_id = place.birth_artifact_id
                content = (entry.digest, entry.byte_count)
                is_there = not place.url and not place.part_urls
                if is_there or content in self._sent:
                    self._on_bytes(entry.byte_count)
                    continue
                self._sent.add(content)
                tasks.create_task(self._send_one(entry, spec, place, turns))

    async def _spec(self, entry: Entry) -> FileSpec:
        if entry.byte_count < self._parts_from_bytes:
            return FileSpec(entry.path, entry.digest)
        part_bytes = self._part_bytes(entry)
        digests = await asyncio.to_thread(_part_digests, entry, part_bytes)
        return FileSpec(entry.path, entry.digest, tuple(digests))

    def _part_bytes(self, entry: Entry) -> int:
        return max(self._part_bytes_min, -(-entry.byte_count // PARTS_MAX))

    async def _places(self, specs: Sequence[FileSpec]) -> list[FilePlace]:
        return await self._attempts.call(
            lambda: self._calls.create_files(
                self._artifact_id, self._manifest_id, specs
            )
        )

    async def _send_one(
        self, entry: Entry, spec: FileSpec, place: FilePlace, turns: asyncio.Semaphore
    ) -> None:
        async with turns:
            content = await asyncio.to_thread(_checked, entry)
            try:
                await self._put(entry, spec, place, content)
            except FileGone:
                raise
            except PermanentError:
                # The address may have expired while others were sent: once more.
                (place,) = await self._places([spec])
                if place.url or place.part_urls:
                    await self._put(entry, spec, place, content)

    async def _put(
        self, entry: Entry, spec: FileSpec, place: FilePlace, content: bytes | None
    ) -> None:
        if place.part_urls:
            await self._put_parts(entry, spec, place)
            return
        if content is not None:
            await self._attempts.call(
                lambda: self._client.put_bytes(place.url, place.headers, content)
            )
            self._on_bytes(entry.byte_count)
            return
        await self._put_range(entry, place.url, place, 0, entry.byte_count)

    async def _put_parts(self, entry: Entry, spec: FileSpec, place: FilePlace) -> None:
        part_bytes = self._part_bytes(entry)
        for number, url in sorted(place.part_urls.items()):
            first = (number - 1) * part_bytes
            byte_count = min(part_bytes, entry.byte_count - first)
            await self._put_range(entry, url, place, first, byte_count)
        await self._attempts.call(
            lambda: self._calls.complete_parts(
                self._artifact_id, place, spec.part_digests
            )
        )

    async def _put_range(
        self, entry: Entry, url: str, place: FilePlace, first: int, byte_count: int
    ) -> None:
        told = 0

        def tell(total: int) -> None:
            nonlocal told
            self._on_bytes(total - told)
            told = total

        async def attempt() -> None:
            sent = 0
            tell(0)

            def progress() -> None:
                nonlocal sent
                sent = min(byte_count, sent + PIECE_BYTES)
                tell(sent)

            try:
                await self._client.put_file(
                    url,
                    place.headers,
                    Path(entry.local_path),
                    progress,
                    first=first,
                    byte_count=byte_count,
                )
            except OSError as error:
                raise FileGone(
                    f"{entry.path}: {entry.local_path} cannot be read: "
                    f"{error.strerror or error}"
                ) from error

        await self._attempts.call(attempt)
        tell(byte_count)


def _checked(entry: Entry) -> bytes | None:
    """The content of a small file; None: it is read piece by piece.

    What was added must be what is there; the server checks the digest.
    """
    content: bytes | None = None
    try:
        if entry.byte_count <= SMALL_BYTES_MAX:
            with open(entry.local_path, "rb") as file:
                content = file.read(SMALL_BYTES_MAX + 1)
            size = len(content)
        else:
            size = Path(entry.local_path).stat().st_size
    except OSError as error:
        raise FileGone(
            f"{entry.path}: {entry.local_path} cannot be read: "
            f"{error.strerror or error}"
        ) from error
    if size != entry.byte_count:
        raise FileGone(
            f"{entry.path}: {entry.local_path} has changed since it was added "
            f"({entry.byte_count} bytes then, {size} now)"
        )
    return content


def _part_digests(entry: Entry, part_bytes: int) -> list[str]:
    digests = []
    try:
        with open(entry.local_path, "rb") as file:
            for first in range(0, entry.byte_count, part_bytes):
                md5 = hashlib.md5(usedforsecurity=False)
                left = min(part_bytes, entry.byte_count - first)
                while left and (piece := file.read(min(left, 1 << 20))):
                    md5.update(piece)
                    left -= len(piece)
                digests.append(md5.hexdigest())
    except OSError as error:
        raise FileGone(f"{entry.path}: {error.strerror or error}") from error
    return digests
