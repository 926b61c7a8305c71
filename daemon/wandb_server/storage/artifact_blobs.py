"""The bytes of artifacts: blobs, who holds them, manifests, and parts.

```
PUT ──► blob + hold ──► commit: file rows, holds gone ──► delete: no file, no hold: dead
              └── the version is never committed: gc drops the hold ──┘
```
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, select, update

from wandb_server.model.artifacts import Manifest, NewManifest
from wandb_server.storage import removal
from wandb_server.storage.artifact_collections import new_id
from wandb_server.storage.artifact_schema import (
    artifact_blobs,
    artifact_files,
    artifact_holds,
    artifact_manifests,
    artifact_parts,
)
from wandb_server.storage.database import in_pieces, insert

NO_RUN = 0
"""What `objects.run_id` says of bytes that belong to no run."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are stored once per entity."""

    object_id: int
    md5_base64: str
    size_bytes: int


def find_blobs(
    connection: Connection, entity: str, digests: Sequence[str]
) -> dict[str, Blob]:
    """Those of these digests (base64 MD5) that are there."""
    found: dict[str, Blob] = {}
    for piece in in_pieces(list(dict.fromkeys(digests))):
        chosen = select(artifact_blobs).where(
            artifact_blobs.c.entity == entity, artifact_blobs.c.md5_base64.in_(piece)
        )
        for row in connection.execute(chosen):
            blob = Blob(row.object_id, row.md5_base64, row.size_bytes)
            found[row.md5_base64] = blob
    return found


def blob_of_object(connection: Connection, object_id: int) -> Blob | None:
    """The blob with these bytes, or None."""
    mine = artifact_blobs.c.object_id == object_id
    row = connection.execute(select(artifact_blobs).where(mine)).first()
    return None if row is None else Blob(row.object_id, row.md5_base64, row.size_bytes)


def add_blob(connection: Connection, entity: str, blob: Blob) -> Blob:
    """Name an object; the blob that had the digest already, if there was one."""
    known = find_blobs(connection, entity, [blob.md5_base64]).get(blob.md5_base64)
    if known is not None:
        return known
    values = {
        "object_id": blob.object_id,
        "entity": entity,
        "md5_base64": blob.md5_base64,
        "size_bytes": blob.size_bytes,
    }
    connection.execute(insert(connection, artifact_blobs).values(values))
    return blob


def hold(connection: Connection, artifact_id: int, object_ids: Iterable[int]) -> None:
    """A pending version counts on these blobs."""
    rows = [
        {"artifact_id": artifact_id, "object_id": number}
        for number in dict.fromkeys(object_ids)
    ]
    if rows:
        statement = insert(connection, artifact_holds)
        connection.execute(statement.on_conflict_do_nothing(), rows)


def release(connection: Connection, artifact_id: int) -> list[int]:
    """Drop every hold of the version; the blobs that it held."""
    mine = artifact_holds.c.artifact_id == artifact_id
    held = connection.scalars(select(artifact_holds.c.object_id).where(mine)).all()
    connection.execute(delete(artifact_holds).where(mine))
    return list(held)


def drop_unused(
    connection: Connection, object_ids: Sequence[int], now: float
) -> list[tuple[int, int]]:
    """(object, bytes) of those blobs that nobody refers to: they are dead from now."""
    gone: list[tuple[int, int]] = []
    for piece in in_pieces(list(dict.fromkeys(object_ids))):
        mine = artifact_blobs.c.object_id.in_(piece)
        chosen = select(artifact_blobs.c.object_id, artifact_blobs.c.size_bytes)
        rows = connection.execute(chosen.where(mine, ~_is_used())).all()
        dead = [row.object_id for row in rows]
        if dead:
            these = artifact_blobs.c.object_id.in_(dead)
            connection.execute(delete(artifact_blobs).where(these))
            removal.make_dead(connection, dead, now)
        gone.extend((row.object_id, row.size_bytes) for row in rows)
    return gone


def own_bytes(connection: Connection, artifact_id: int) -> int:
    """What deleting the version frees: its manifests, and blobs of no other version."""
    mine = select(artifact_files.c.object_id).where(
        artifact_files.c.artifact_id == artifact_id,
        artifact_files.c.object_id.is_not(None),
    )
    other = artifact_files.alias("other")
    shared = exists().where(
        other.c.object_id == artifact_blobs.c.object_id,
        other.c.artifact_id != artifact_id,
    )
    held = exists().where(artifact_holds.c.object_id == artifact_blobs.c.object_id)
    size = func.coalesce(func.sum(artifact_blobs.c.size_bytes), 0)
    statement = select(size).where(artifact_blobs.c.object_id.in_(mine), ~shared, ~held)
    manifests = select(func.coalesce(func.sum(artifact_manifests.c.size_bytes), 0))
    told = manifests.where(artifact_manifests.c.artifact_id == artifact_id)
    return int(connection.scalar(statement) or 0) + int(connection.scalar(told) or 0)


def _is_used() -> Any:
    used = exists().where(artifact_files.c.object_id == artifact_blobs.c.object_id)
    held = exists().where(artifact_holds.c.object_id == artifact_blobs.c.object_id)
    return used | held


# ---- manifests -----------------------------------------------------------------------


def insert_manifest(connection: Connection, new: NewManifest, now: float) -> int:
    """A manifest without bytes yet; its id."""
    values = {
        "artifact_id": new.artifact_id,
        "kind": new.kind,
        "name": new.name,
        "digest": new.digest,
        "base_artifact_id": new.base_artifact_id,
        "size_bytes": 0,
        "created_at": now,
    }
    made = connection.execute(insert(connection, artifact_manifests).values(values))
    return new_id(made)


def update_manifest(connection: Connection, manifest_id: int, **values: Any) -> None:
    """Set columns."""
    mine = artifact_manifests.c.id == manifest_id
    connection.execute(update(artifact_manifests).where(mine).values(values))


def read_manifest(connection: Connection, manifest_id: int) -> Manifest | None:
    """One manifest, or None."""
    mine = artifact_manifests.c.id == manifest_id
    return next(
        iter(_manifests(connection, select(artifact_manifests).where(mine))), None
    )


def manifests_of(connection: Connection, artifact_id: int) -> list[Manifest]:
    """In the order in which they were announced."""
    mine = artifact_manifests.c.artifact_id == artifact_id
    statement = select(artifact_manifests).where(mine)
    return _manifests(connection, statement.order_by(artifact_manifests.c.id))


def remove_manifests(
    connection: Connection, artifact_id: int, now: float, keep: int | None = None
) -> list[tuple[int, int]]:
    """Forget the version's manifests but one; (object, bytes) that are dead now."""
    gone = [
        found for found in manifests_of(connection, artifact_id) if found.id != keep
    ]
    for piece in in_pieces([found.id for found in gone]):
        these = artifact_manifests.c.id.in_(piece)
        connection.execute(delete(artifact_manifests).where(these))
    dead = [
        (found.object_id, found.size_bytes)
        for found in gone
        if found.object_id is not None
    ]
    removal.make_dead(connection, [number for number, _ in dead], now)
    return dead


def _manifests(connection: Connection, statement: Select[Any]) -> list[Manifest]:
    return [
        Manifest(
            id=row.id,
            artifact_id=row.artifact_id,
            kind=row.kind,
            name=row.name,
            digest=row.digest,
            base_artifact_id=row.base_artifact_id,
            object_id=row.object_id,
            size_bytes=row.size_bytes,
        )
        for row in connection.execute(statement)
    ]


# ---- parts of a file -----------------------------------------------------------------


def put_part(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Remember a part (columns of `artifact_parts`); the object it replaces."""
    mine = (
        (artifact_parts.c.artifact_id == values["artifact_id"])
        & (artifact_parts.c.md5_hex == values["md5_hex"])
        & (artifact_parts.c.part == values["part"])
    )
    before = connection.scalar(select(artifact_parts.c.object_id).where(mine))
    connection.execute(delete(artifact_parts).where(mine))
    connection.execute(insert(connection, artifact_parts).values(dict(values)))
    return before


def parts_of(
    connection: Connection, artifact_id: int, md5_hex: str
) -> list[tuple[int, int, str]]:
    """(part, object, MD5) in the order of their numbers."""
    mine = artifact_parts.c.artifact_id == artifact_id
    chosen = select(artifact_parts).where(mine, artifact_parts.c.md5_hex == md5_hex)
    rows = connection.execute(chosen.order_by(artifact_parts.c.part))
    return [(row.part, row.object_id, row.part_md5_hex) for row in rows]


def remove_parts(
    connection: Connection, artifact_id: int, now: float, md5_hex: str | None = None
) -> list[int]:
    """Forget the parts of one file or of all; their objects are dead now."""
    mine = artifact_parts.c.artifact_id == artifact_id
    if md5_hex is not None:
        mine &= artifact_parts.c.md5_hex == md5_hex
    dead = connection.scalars(select(artifact_parts.c.object_id).where(mine)).all()
    connection.execute(delete(artifact_parts).where(mine))
    removal.make_dead(connection, dead, now)
    return list(dead)
