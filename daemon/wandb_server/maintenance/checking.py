"""Reading everything that is stored, and comparing it with what was written.

| what | compared with |
|---|---|
| database | its own checks (SQLite), keys that refer to rows |
| object | its size; MD5 of files and artifacts, CRC-32 of segments |
| rows of a segment | checksums of its blocks, its number of rows |
| segments of a run | each begins where the one before ends |
"""

import asyncio
import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, RowMapping, select, text

from wandb_server.errors import StorageDamaged, StorageError
from wandb_server.maintenance.opening import OpenedStores
from wandb_server.storage.artifact_schema import artifact_blobs
from wandb_server.storage.objects import object_key
from wandb_server.storage.row_segment import iterate_blocks, read_index
from wandb_server.storage.schema import files, objects, projects, runs, segments

READ_BYTES = 1024 * 1024


@dataclass(slots=True)
class CheckReport:
    """What was looked at, and a sentence per thing that is wrong."""

    objects: int = 0
    object_bytes: int = 0
    segments: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Object:
    """One object that must be there."""

    id: int
    key: str
    size_bytes: int
    whose: str
    md5_base64: str | None
    crc32: int | None


async def check(
    stores: OpenedStores, told: Callable[[str], None] = lambda _: None
) -> CheckReport:
    """Read everything. `told` hears each problem as it is found.

    Raises:
        StorageError: the stores cannot be asked at all.
    """
    report = CheckReport()

    def wrong(sentence: str) -> None:
        report.problems.append(sentence)
        told(sentence)

    for sentence in await stores.database.read(_check_database):
        wrong(sentence)
    for one in await stores.database.read(_objects):
        report.objects += 1
        report.object_bytes += one.size_bytes
        try:
            path = await stores.objects.local_path(one.key)
            await asyncio.to_thread(_compare, path, one)
        except (StorageError, OSError) as error:
            if await stores.database.read(lambda db, one=one: _is_live(db, one)):  # type: ignore[misc]
                wrong(f"{one.whose}: object {one.key}: {error}")
    ends: dict[tuple[int, str], int] = {}
    for row in await stores.database.read(_segments):
        report.segments += 1
        whose = f"run {row['entity']}/{row['project']}/{row['name']}"
        place = (row["run_id"], row["file"])
        if row["first_row"] < ends.get(place, 0):
            wrong(f"{whose}: segment {row['id']} holds rows that another one has too")
        ends[place] = row["end_row"]
        key = object_key(row["rows_object"], "rows")
        try:
            path = await stores.objects.local_path(key)
            await asyncio.to_thread(_read_segment, path, row["row_count"])
        except (StorageError, OSError) as error:
            if await stores.database.read(lambda db, row=row: _is_used(db, row)):  # type: ignore[misc]
                first, last = row["first_row"], row["end_row"] - 1
                wrong(f"{whose}: rows {first} to {last}: {error}")
    return report


def _is_live(db: Connection, one: _Object) -> bool:
    """Whether it is still wanted: a server beside us may have replaced it."""
    live = (objects.c.id == one.id) & (objects.c.state == "live")
    return db.execute(select(objects.c.id).where(live)).first() is not None


def _is_used(db: Connection, row: RowMapping) -> bool:
    """Whether the segment is still in the catalog."""
    mine = select(segments.c.id).where(segments.c.id == row["id"])
    return db.execute(mine).first() is not None


def _check_database(db: Connection) -> list[str]:
    if db.dialect.name != "sqlite":
        return []
    found = [str(row[0]) for row in db.execute(text("PRAGMA integrity_check"))]
    keys = db.execute(text("PRAGMA foreign_key_check")).all()
    dangling = [f"table {key[0]}: row {key[1]} refers to nothing" for key in keys]
    return [line for line in found if line != "ok"] + dangling


def _objects(db: Connection) -> list[_Object]:
    statement = (
        select(
            objects,
            runs.c.name,
            projects.c.name.label("project"),
            projects.c.entity,
            files.c.name.label("file"),
            files.c.md5_base64,
            artifact_blobs.c.md5_base64.label("blob_md5"),
        )
        .select_from(
            objects.outerjoin(runs, runs.c.id == objects.c.run_id)
            .outerjoin(projects, projects.c.id == runs.c.project_id)
            .outerjoin(files, files.c.object_id == objects.c.id)
            .outerjoin(artifact_blobs, artifact_blobs.c.object_id == objects.c.id)
        )
        .where(objects.c.state == "live")
        .order_by(objects.c.id)
    )
    return [_object(row) for row in db.execute(statement).mappings()]


def _object(row: RowMapping) -> _Object:
    whose = f"run {row['entity']}/{row['project']}/{row['name']}"
    if row["blob_md5"] is not None:
        whose = "an artifact"
    elif row["file"] is not None:
        whose += f", file {row['file']!r}"
    return _Object(
        row["id"],
        object_key(row["id"], row["suffix"]),
        row["size_bytes"],
        whose,
        row["md5_base64"] or row["blob_md5"],
        row["crc32"],
    )


def _segments(db: Connection) -> list[RowMapping]:
    statement = (
        select(
            segments, runs.c.name, projects.c.name.label("project"), projects.c.entity
        )
        .select_from(
            segments.join(runs, runs.c.id == segments.c.run_id).join(
                projects, projects.c.id == runs.c.project_id
            )
        )
        .order_by(segments.c.run_id, segments.c.file, segments.c.first_row)
    )
    return list(db.execute(statement).mappings())


def _compare(path: Path, one: _Object) -> None:
    """Raises StorageDamaged where the bytes are not those that were written."""
    size, crc = 0, 0
    digest = hashlib.md5(usedforsecurity=False)
    for piece in _pieces(path):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        digest.update(piece)
    if size != one.size_bytes:
        raise StorageDamaged(f"{size} bytes instead of {one.size_bytes}")
    found = base64.b64encode(digest.digest()).decode()
    is_other = one.md5_base64 is not None and found != one.md5_base64
    if is_other or (one.crc32 is not None and crc != one.crc32):
        raise StorageDamaged("its bytes are not those that were written")


def _read_segment(path: Path, row_count: int) -> None:
    index = read_index(path)
    count = sum(len(block) for block in iterate_blocks(path, index))
    if count != row_count:
        raise StorageDamaged(f"{count} rows instead of {row_count}")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            yield piece
