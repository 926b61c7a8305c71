"""One file with everything, readable by any other pair of stores.

```
backup.tar   backup.json            version, time, tables, objects expected
             tables/<name>.jsonl.zst
             objects/<key>          files, artifacts and segments as they are stored
             sums.json              SHA-256 of every entry before it
```

The tables are those of one moment, also while a server runs. An object of a run that is
deleted while the backup is made may be missing in it; the report says how many.
Restoring checks every sum first, and writes into empty stores only.
"""

import asyncio
import hashlib
import io
import json
import tarfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import zstandard
from sqlalchemy import Connection, select
from wandb_proto import VERSION

from wandb_server.errors import StartRefused, StorageBusy, StorageDamaged
from wandb_server.maintenance.opening import OpenedStores
from wandb_server.storage import dump, migrations
from wandb_server.storage.leases import BACKUP, give_back, take_lease
from wandb_server.storage.objects import object_key
from wandb_server.storage.older_tail import OLDER_TAIL
from wandb_server.storage.schema import objects as objects_table

FORMAT = 1
HEAD, SUMS = "backup.json", "sums.json"
READ_BYTES = 1024 * 1024
HOLD_S = 60.0
"""A backup that was killed keeps servers from sweeping for so long."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds."""

    rows: int
    objects: int
    object_bytes: int
    missing: int
    """Objects that went away while the backup was made."""


async def back_up(
    stores: OpenedStores, target: Path, *, hold_s: float = HOLD_S
) -> BackupReport:
    """Write everything to a new file, which appears when it is whole.

    Servers sweep nothing meanwhile, nor for `hold_s` after a backup that was killed.

    Raises:
        StartRefused: the file exists, or its directory cannot be written.
        StorageError: the stores cannot be read.
    """
    if await asyncio.to_thread(target.exists):
        raise StartRefused(f"{target} exists already; choose another name.")
    half = target.with_name(f"{target.name}.part")
    try:
        with tarfile.open(half, "w", format=tarfile.PAX_FORMAT) as tar:
            async with _holding(stores, hold_s):
                report = await _write(stores, _Writer(tar))
        await asyncio.to_thread(half.replace, target)
    except OSError as error:
        raise StartRefused(f"Cannot write {target}: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return report


async def restore(stores: OpenedStores, source: Path) -> BackupReport:
    """Fill empty stores from a backup.

    Raises:
        StartRefused: the file is no backup, or the stores are not empty.
        StorageDamaged: an entry is not what was written.
    """
    try:
        sums = await asyncio.to_thread(_checked_sums, source)
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise StartRefused(f"{source} is not a whole backup: {error}") from error
    if not await stores.database.read(dump.is_empty):
        raise StartRefused(
            "There are data here already; a backup is restored into empty stores only. "
            "Choose another --data-dir (or database), or move the old one away."
        )
    with tarfile.open(source) as tar:
        names = [name for name in sums if name.startswith("objects/")]
        total = 0
        for name in names:
            with _opened(tar, name) as content:
                await stores.objects.put(
                    name.removeprefix("objects/"), _pieces(content)
                )
            total += tar.getmember(name).size
        rows = await stores.database.write(lambda db: _load_tables(db, tar, sums))
    return BackupReport(rows, len(names), total, 0)


@asynccontextmanager
async def _holding(stores: OpenedStores, hold_s: float) -> AsyncIterator[None]:
    """While inside, and a while longer if we die, no server sweeps."""
    name = f"{BACKUP}{uuid.uuid4().hex}"

    def take(db: Connection) -> bool:
        return take_lease(db, name, name, time.time(), hold_s)

    async def hold() -> None:
        while True:
            await asyncio.sleep(hold_s / 4)
            with suppress(StorageBusy):
                await stores.database.write(take)

    await stores.database.write(take)
    async with asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(hold())
        try:
            yield
        finally:
            holding.cancel()
    await stores.database.write(lambda db: give_back(db, name, name))


async def _write(stores: OpenedStores, writer: "_Writer") -> BackupReport:
    snapshot = stores.scratch / "tables"
    snapshot.mkdir()
    rows, wanted = await stores.database.read(lambda db: _dump(db, snapshot))
    tables = dump.dumped_tables()
    writer.add_text(
        HEAD,
        {
            "format": FORMAT,
            "version": VERSION,
            "schema": migrations.HEAD,
            "made_at": time.time(),
            "tables": [table.name for table in tables],
            "objects": len(wanted),
        },
    )
    for table in tables:
        path = snapshot / f"{table.name}.jsonl.zst"
        await asyncio.to_thread(writer.add_file, f"tables/{path.name}", path)
    count, size, missing = 0, 0, 0
    for key in wanted:
        try:
            path = await stores.objects.local_path(key)
            size += await asyncio.to_thread(writer.add_file, f"objects/{key}", path)
            count += 1
        except (StorageDamaged, FileNotFoundError):
            missing += 1
    writer.add_sums()
    return BackupReport(rows, count, size, missing)


def _dump(db: Connection, directory: Path) -> tuple[int, list[str]]:
    """Write the tables of one moment; rows, and keys of the objects they refer to."""
    rows = 0
    for table in dump.dumped_tables():
        compressor = zstandard.ZstdCompressor(level=3)
        path = directory / f"{table.name}.jsonl.zst"
        with path.open("wb") as file, compressor.stream_writer(file) as packed:
            for line in dump.dump_rows(db, table):
                packed.write(line)
                rows += 1
        rows -= 1  # the names of the columns
    live = select(objects_table.c.id, objects_table.c.suffix).where(
        objects_table.c.state == "live"
    )
    keys = [object_key(row.id, row.suffix) for row in db.execute(live)]
    return rows, sorted(keys)


def _load_tables(db: Connection, tar: tarfile.TarFile, sums: dict[str, str]) -> int:
    rows = 0
    for table in dump.dumped_tables():
        name = f"tables/{table.name}.jsonl.zst"
        if name in sums:  # a table that is newer than the backup stays empty
            rows += _load_table(tar, name, partial(dump.load_rows, db, table))
    older = f"tables/{OLDER_TAIL.name}.jsonl.zst"
    if older in sums:
        rows += _load_table(tar, older, partial(dump.load_older_tail, db))
    dump.set_counters(db)
    return rows


def _load_table(
    tar: tarfile.TarFile, name: str, load: Callable[[Iterable[bytes]], int]
) -> int:
    reader = zstandard.ZstdDecompressor().stream_reader
    with _opened(tar, name) as content, reader(content) as plain:
        try:
            return load(io.BufferedReader(plain))
        except ValueError as error:
            raise StorageDamaged(str(error), place=name) from error


def _checked_sums(source: Path) -> dict[str, str]:
    """The sums of all entries, after comparing each.

    Raises:
        ValueError: not a backup of a known format, or an entry was changed.
    """
    with tarfile.open(source) as tar:
        names = tar.getnames()
        if not names or names[0] != HEAD:
            raise ValueError("it was not made by: wandb server backup")
        if names[-1] != SUMS:
            raise ValueError("its end is missing")
        with _opened(tar, HEAD) as content:
            head = json.loads(content.read())
        if head["format"] > FORMAT or head["schema"] > migrations.HEAD:
            raise ValueError(
                f"it was made by version {head['version']}, which is newer: update"
            )
        with _opened(tar, SUMS) as content:
            sums: dict[str, str] = json.loads(content.read())
        for name in names[:-1]:
            with _opened(tar, name) as content:
                digest = hashlib.file_digest(content, "sha256")  # type: ignore[arg-type]
            if digest.hexdigest() != sums.get(name):
                raise ValueError(f"{name} was changed")
    return sums


class _Writer:
    """Adds entries and remembers their sums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._sums: dict[str, str] = {}

    def add_file(self, name: str, path: Path) -> int:
        """Its size in bytes."""
        with path.open("rb") as file:
            self._sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            file.seek(0)
            self._tar.addfile(_entry(name, size), file)
        return size

    def add_text(self, name: str, content: Any) -> None:
        text = json.dumps(content, indent=1).encode()
        self._sums[name] = hashlib.sha256(text).hexdigest()
        self._tar.addfile(_entry(name, len(text)), io.BytesIO(text))

    def add_sums(self) -> None:
        self.add_text(SUMS, dict(self._sums))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    return entry


@contextmanager
def _opened(tar: tarfile.TarFile, name: str) -> Iterator[IO[bytes]]:
    content = tar.extractfile(name)
    if content is None:
        raise ValueError(f"{name} is no file")
    with content:
        yield content


async def _pieces(content: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(content.read, READ_BYTES):
        yield piece
