"""Files that runs upload.

```
reserve an object number ─► bytes to the store ─► name it, old object dead ─► delete
      └── a crash here leaves garbage that compact() sweeps up ──┘
```
"""

import base64
import hashlib
import mimetypes
import posixpath
import zlib
from collections.abc import AsyncIterator, Sequence

from sqlalchemy import Connection

from wandb_server.errors import NotFound, QueryError
from wandb_server.ingest.values import clean_text
from wandb_server.model.runs import Run, RunFile
from wandb_server.operations.checked_reads import checked_bytes
from wandb_server.operations.stores import Operations, Stores
from wandb_server.storage import files, removal, runs
from wandb_server.storage.objects import object_key

FILE_SUFFIX = "file"
NAME_BYTES_MAX = 2_560
"""PostgreSQL refuses index entries of more than 2,704 bytes."""


class Files(Operations):
    """Whole files, in and out; never in memory as a whole."""

    async def write_file(
        self, run: Run, name: str, body: AsyncIterator[bytes]
    ) -> RunFile:
        """Store or replace a file. Cancelled or failed: the old one stays.

        Raises:
            QueryError: the name is empty or too long.
            NotFound: the run was deleted meanwhile.
            StorageError: nothing was stored.
        """
        name = normal_name(name)
        database, clock = self._stores.database, self._stores.clock
        [number] = await database.write(
            lambda db: removal.reserve_objects(db, run.id, [FILE_SUFFIX], clock())
        )
        measured = Measured(kept_alive(self._stores, number, body))
        await self._stores.objects.put(
            object_key(number, FILE_SUFFIX), measured.pieces()
        )
        values = {
            "run_id": run.id,
            "name": name,
            "object_id": number,
            "size_bytes": measured.size_bytes,
            "md5_base64": measured.md5_base64(),
            "mimetype": mimetypes.guess_type(name)[0],
            "updated_at": clock(),
        }

        def change(db: Connection) -> int | None:
            if runs.find_run_by_id(db, run.id) is None:
                raise NotFound("run", run.name)
            removal.make_live(db, number, measured.size_bytes, measured.crc32)
            before = files.put_file(db, values)
            if before is not None:
                removal.make_dead(db, [before], clock())
            return before

        before = await database.write(change)
        if before is not None:
            await self._delete_bytes(before)
        [stored] = await self.files(run, names=[name])
        return stored

    async def delete_file(self, run: Run, name: str) -> bool:
        """False if there is no such file. A crash in between leaves garbage only."""
        name, clock = normal_name(name), self._stores.clock

        def change(db: Connection) -> int | None:
            before = files.remove_file(db, run.id, name)
            if before is not None:
                removal.make_dead(db, [before], clock())
            return before

        before = await self._stores.database.write(change)
        if before is not None:
            await self._delete_bytes(before)
        return before is not None

    async def _delete_bytes(self, number: int) -> None:
        await self._stores.objects.delete([object_key(number, FILE_SUFFIX)])
        await self._stores.database.write(
            lambda db: removal.forget_objects(db, [number])
        )

    async def read_file(
        self, run: Run, name: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes] | None:
        """The bytes from `start` to before `end` in pieces; None: no such file."""
        number = await self._stores.database.read(
            lambda db: files.object_of_file(db, run.id, normal_name(name))
        )
        if number is None:
            return None
        return checked_bytes(self._stores, number, FILE_SUFFIX, start, end)

    async def files(
        self, run: Run, *, names: Sequence[str] = (), pattern: str | None = None
    ) -> Sequence[RunFile]:
        """By name; names may be spelled `./x` or with backslashes, pattern is LIKE."""
        wanted = list(dict.fromkeys(normal_name(name) for name in names))
        return await self._stores.database.read(
            lambda db: files.list_files(db, run.id, wanted, pattern)
        )


def normal_name(name: str) -> str:
    """One spelling per file: `a/b`, never `./a//b` or `a\\b`. It never becomes a path.

    Raises:
        QueryError: empty or too long.
    """
    plain = posixpath.normpath(clean_text(name).replace("\\", "/"))
    if plain == "." or not plain or len(plain.encode()) > NAME_BYTES_MAX:
        raise QueryError("file", f"a name must have 1 to {NAME_BYTES_MAX} bytes")
    return plain


async def kept_alive(
    stores: Stores, number: int, body: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Pass bytes on, and let the sweeper know that the object is still being written:
    a long file over a slow line takes hours.
    """
    touched_at = stores.clock()
    for_s = stores.settings.garbage_age_s / 4
    async for piece in body:
        now = stores.clock()
        if now - touched_at > for_s:
            touched_at = now
            await stores.database.write(
                lambda db, now=now: removal.touch(db, number, now)  # type: ignore[misc]
            )
        yield piece


class Measured:
    """Passes bytes on and knows their length and digest afterwards."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._digest = hashlib.md5(usedforsecurity=False)
        self.size_bytes = 0
        self.crc32 = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they come; for one reader."""
        async for piece in self._body:
            self._digest.update(piece)
            self.crc32 = zlib.crc32(piece, self.crc32)
            self.size_bytes += len(piece)
            yield piece

    def md5_base64(self) -> str:
        """Of everything that was passed on."""
        return base64.b64encode(self._digest.digest()).decode()
