"""Bytes under keys that the server chose: a local directory or an S3-compatible store.

A key is made from numbers of the database only; a name that a user gave is never part
of one. Objects are written once and never changed. Questions read files: where the
store is remote, an object is fetched into a cache when it is first asked for.

```
              LocalObjects                   RemoteObjects
put      file, renamed, fsynced         PUT, in parts where it is long
get      read                           GET of a range
local_path   the file itself            cache/<key>, fetched once, the oldest go first
```
"""

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, ObjectStore, S3Store

from wandb_server.errors import (
    FULL_TEXTS,
    StorageBusy,
    StorageDamaged,
    StorageError,
)

if TYPE_CHECKING:
    from obstore import GetOptions

PART_BYTES = 1024 * 1024
"""Size of the pieces in which objects are written and read."""
REMOTE_PART_BYTES = 8 * 1024 * 1024
"""S3 wants at least 5 MiB in every part but the last."""
CACHE_BYTES_MAX = 10 * 1024**3
IN_USE_S = 600.0
"""A question may still read a cached file that was handed out so long ago."""
DELETES_AT_ONCE = 500
TRIES_COUNT_MAX = 10
TRY_FOR = timedelta(seconds=20)
"""How long a store that does not answer is asked again before a call fails."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing says of one object; `key` may be that of a half-written file."""

    key: str
    size_bytes: int
    changed_at: float


class Objects(ABC):
    """Objects of one server."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @abstractmethod
    async def put(self, key: str, body: AsyncIterator[bytes] | Path) -> None:
        """Write one object; it appears whole or not at all, and survives power loss.

        Raises:
            StorageError: it could not be written.
        """

    @abstractmethod
    async def local_path(self, key: str) -> Path:
        """A file with the object's bytes, for reading only, and soon.

        Raises:
            StorageError: it cannot be fetched.
        """

    @abstractmethod
    async def listed(self) -> Sequence[StoredObject]:
        """Every object of the store, half-written files too."""

    @abstractmethod
    async def delete(self, keys: Sequence[str]) -> None:
        """Remove them; one that is absent already is fine."""

    def drop_copy(self, key: str) -> bool:
        """Forget a local copy, so that it is fetched anew; False: there is none."""
        return False

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
            raise _failure(error, key) from error


class LocalObjects(Objects):
    """A directory on a local disk."""

    def __init__(self, directory: Path) -> None:
        super().__init__(LocalStore(directory, mkdir=True))
        self._directory = directory

    async def put(self, key: str, body: AsyncIterator[bytes] | Path) -> None:
        """Write, rename and fsync."""
        try:
            await self._store.put_async(key, body, chunk_size=PART_BYTES)
            await asyncio.to_thread(_sync, self._directory / key)
        except (BaseError, OSError) as error:
            raise StorageError(str(error), place=key) from error

    async def local_path(self, key: str) -> Path:
        """The file itself, whether it is there or not."""
        return self._directory / key

    async def listed(self) -> Sequence[StoredObject]:
        """By walking over the directory."""
        return await asyncio.to_thread(_listed, self._directory)

    async def delete(self, keys: Sequence[str]) -> None:
        """Unlink one by one: also half-written ones, whose names no store has."""
        for key in keys:
            try:
                await asyncio.to_thread(os.unlink, self._directory / key)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StorageError(str(error), place=key) from error


class RemoteObjects(Objects):
    """An S3-compatible bucket, with a cache directory for questions."""

    def __init__(
        self, store: ObjectStore, cache: Path, bytes_max: int = CACHE_BYTES_MAX
    ) -> None:
        super().__init__(store)
        self._cache = cache
        self._bytes_max = bytes_max
        self._used: dict[str, tuple[float, int]] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    async def put(self, key: str, body: AsyncIterator[bytes] | Path) -> None:
        """Upload; the store shows the object when its last part is there."""
        try:
            whole, rest = await _first_part(body)
            content = whole if rest is None else rest
            await self._store.put_async(key, content, chunk_size=REMOTE_PART_BYTES)
        except (BaseError, OSError) as error:
            raise _failure(error, key) from error

    async def local_path(self, key: str) -> Path:
        """The file in the cache, fetched when it is not there."""
        path = self._cache / key
        lock = self._fetching.setdefault(key, asyncio.Lock())
        async with lock:
            if key not in self._used or not path.exists():
                await self._fetch(key, path)
            self._used[key] = (time.monotonic(), path.stat().st_size)
        self._fetching.pop(key, None)
        self._make_room()
        return path

    async def listed(self) -> Sequence[StoredObject]:
        """Page by page."""
        found = []
        try:
            async for page in self._store.list():
                found += [
                    StoredObject(
                        one["path"], one["size"], one["last_modified"].timestamp()
                    )
                    for one in page
                ]
        except (BaseError, OSError) as error:
            raise _failure(error, "listing") from error
        return found

    async def delete(self, keys: Sequence[str]) -> None:
        """Many with one request."""
        for at in range(0, len(keys), DELETES_AT_ONCE):
            some = list(keys[at : at + DELETES_AT_ONCE])
            try:
                await self._store.delete_async(some)
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                raise _failure(error, some[0]) from error
        for key in keys:
            self._used.pop(key, None)
            (self._cache / key).unlink(missing_ok=True)

    def drop_copy(self, key: str) -> bool:
        """The next `local_path` fetches it."""
        (self._cache / key).unlink(missing_ok=True)
        return self._used.pop(key, None) is not None

    async def _fetch(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = path.with_name(f"{path.name}.part")
        with half.open("wb") as file:
            async for piece in self.get(key):
                await asyncio.to_thread(file.write, piece)
        half.replace(path)

    def _make_room(self) -> None:
        """Remove what was used longest ago, but nothing that may still be read."""
        total = sum(size for _, size in self._used.values())
        if total <= self._bytes_max:
            return
        before = time.monotonic() - IN_USE_S
        for key, (used_at, size) in sorted(self._used.items(), key=lambda one: one[1]):
            if total <= self._bytes_max or used_at > before:
                return
            (self._cache / key).unlink(missing_ok=True)
            del self._used[key]
            total -= size


def open_objects(
    url: str, cache: Path | None = None, environ: Mapping[str, str] | None = None
) -> Objects:
    """The store at `file:///directory` (made, 0700, if missing) or `s3://bucket/prefix`.

    Of an S3 store, `endpoint`, `region`, `access_key_id`, `secret_access_key` and
    `virtual_hosted_style_request` are taken from the query of the URL, else from
    AWS_ENDPOINT_URL, AWS_REGION and so on in `environ`, else from the machine's role.

    Raises:
        StorageError: another scheme, or the directory cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        assert cache is not None, "a remote store needs a cache directory"
        return RemoteObjects(_open_s3(url, environ or {}), cache)
    if parts.scheme != "file":
        raise StorageError(
            f"object stores of kind {parts.scheme!r} are not supported; use "
            "file:///<directory> or s3://<bucket>/<prefix>"
        )
    directory = Path(unquote(parts.path))
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(
            error.strerror or str(error), place=str(directory)
        ) from error
    return LocalObjects(directory)


def _open_s3(url: str, environ: Mapping[str, str]) -> S3Store:
    parts = urlsplit(url)
    settings = {
        name.lower(): text for name, text in environ.items() if name.startswith("AWS_")
    }
    settings.update((f"aws_{name}", text) for name, text in parse_qsl(parts.query))
    endpoint = settings.pop("aws_endpoint_url", "") or settings.get("aws_endpoint", "")
    if endpoint:
        settings["aws_endpoint"] = endpoint
    prefix = unquote(parts.path.strip("/"))
    try:
        return S3Store(
            parts.netloc,
            prefix=prefix or None,
            config=settings,  # type: ignore[arg-type]
            client_options={"allow_http": endpoint.startswith("http://")},
            retry_config={"max_retries": TRIES_COUNT_MAX, "retry_timeout": TRY_FOR},
        )
    except (BaseError, ValueError) as error:
        raise StorageError(str(error), place=f"s3://{parts.netloc}") from error


def object_key(object_id: int, suffix: str) -> str:
    """Where object number `object_id` lies: 4,096 of them per directory."""
    return f"{object_id >> 12:x}/{object_id:x}.{suffix}"


def object_id_of(key: str) -> int | None:
    """The number in a key's name; None if it has none."""
    try:
        return int(key.rpartition("/")[2].partition(".")[0], 16)
    except ValueError:
        return None


async def _first_part(
    body: AsyncIterator[bytes] | Path,
) -> tuple[bytes, AsyncIterator[bytes] | Path | None]:
    """All bytes if they fit into one part (one request instead of three), else None
    of them and what gives them all.
    """
    if isinstance(body, Path):
        if (await asyncio.to_thread(body.stat)).st_size >= REMOTE_PART_BYTES:
            return b"", body
        return await asyncio.to_thread(body.read_bytes), None
    pieces: list[bytes] = []
    size = 0
    async for piece in body:
        pieces.append(piece)
        size += len(piece)
        if size >= REMOTE_PART_BYTES:
            return b"", _joined(pieces, body)
    return b"".join(pieces), None


async def _joined(
    pieces: Sequence[bytes], rest: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    async for piece in rest:
        yield piece


def _options(start: int, end: int | None) -> "GetOptions":
    if end is not None:
        return {"range": (start, end)} if end > start else {}
    return {"range": {"offset": start}} if start else {}


def _failure(error: BaseException, key: str) -> StorageError:
    """Absence is final, what is full or forbidden is for people to mend; a store that
    does not answer may do so later.
    """
    said = str(error).splitlines()[0]
    if isinstance(error, FileNotFoundError):
        return StorageDamaged("it is missing", place=key)
    refused = isinstance(error, PermissionDeniedError | UnauthenticatedError)
    if refused or any(text in str(error) for text in FULL_TEXTS):
        return StorageError(said, place=key)
    return StorageBusy(said, place=key)


def _listed(directory: Path) -> list[StoredObject]:
    found = []
    for place, _, names in os.walk(directory):
        for name in names:
            path = Path(place, name)
            try:
                state = path.stat()
            except FileNotFoundError:
                continue  # deleted meanwhile
            key = str(path.relative_to(directory))
            found.append(StoredObject(key, state.st_size, state.st_mtime))
    return found


def _sync(path: Path) -> None:
    for place, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY)):
        descriptor = os.open(place, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
