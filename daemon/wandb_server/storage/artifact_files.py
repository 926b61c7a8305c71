"""The entries of committed versions, and which runs made or used them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from wandb_server.model.artifacts import (
    COMMITTED,
    Folder,
    FolderPart,
    VersionFile,
)
from wandb_server.storage.artifact_schema import (
    artifact_blobs,
    artifact_files,
    artifact_lineage,
    artifact_memberships,
    artifacts,
)
from wandb_server.storage.database import in_pieces, insert
from wandb_server.storage.schema import runs

BEYOND_ANY_PATH = "\U0010ffff"
INPUT = "input"
OUTPUT = "output"


def insert_files(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Columns of `artifact_files`."""
    if rows:
        connection.execute(insert(connection, artifact_files), list(rows))


def remove_files(connection: Connection, artifact_id: int) -> list[int]:
    """Forget the version's entries; the blobs that they referred to."""
    mine = artifact_files.c.artifact_id == artifact_id
    used = select(artifact_files.c.object_id).where(
        mine, artifact_files.c.object_id.is_not(None)
    )
    found = [int(number) for number in connection.scalars(used.distinct()) if number]
    connection.execute(delete(artifact_files).where(mine))
    return found


def list_files(
    connection: Connection,
    artifact_id: int,
    *,
    first: int,
    after: str | None = None,
    prefix: str = "",
) -> list[VersionFile]:
    """By path, those behind `after`, below `prefix`."""
    statement = _below(artifact_id, prefix)
    if after is not None:
        statement = statement.where(artifact_files.c.path > after)
    return _files(connection, statement.limit(first))


def named_files(
    connection: Connection, artifact_id: int, names: Sequence[str]
) -> list[VersionFile]:
    """Those of these names that are there, in the order of `names`."""
    found: dict[str, VersionFile] = {}
    mine = artifact_files.c.artifact_id == artifact_id
    for piece in in_pieces(list(dict.fromkeys(names))):
        chosen = select(artifact_files).where(mine, artifact_files.c.path.in_(piece))
        found.update((file.path, file) for file in _files(connection, chosen))
    return [found[name] for name in names if name in found]


def file_by_digest(
    connection: Connection, artifact_id: int, digest: str
) -> VersionFile | None:
    """Any entry with this digest whose bytes are here."""
    statement = select(artifact_files).where(
        artifact_files.c.artifact_id == artifact_id,
        artifact_files.c.digest == digest,
        artifact_files.c.object_id.is_not(None),
    )
    return next(iter(_files(connection, statement.limit(1))), None)


def blob_in_collection(
    connection: Connection, collection_id: int, digest: str
) -> int | None:
    """The blob with this digest that a member of the collection holds."""
    statement = (
        select(artifact_files.c.object_id)
        .join(
            artifact_memberships,
            artifact_memberships.c.artifact_id == artifact_files.c.artifact_id,
        )
        .join(artifact_blobs, artifact_blobs.c.object_id == artifact_files.c.object_id)
        .where(
            artifact_memberships.c.collection_id == collection_id,
            artifact_blobs.c.md5_base64 == digest,
        )
    )
    found: int | None = connection.scalar(statement.limit(1))
    return found


def read_folder(
    connection: Connection, artifact_id: int, prefix: str, first: int, skip: int
) -> Folder:
    """One level below `prefix` (empty, or ending in `/`): folders, then files."""
    folders: dict[str, list[int]] = {}
    paths: list[str] = []
    sized = select(artifact_files.c.path, artifact_files.c.size_bytes)
    for path, size in connection.execute(_narrow(sized, artifact_id, prefix)):
        name, slash, _ = path[len(prefix) :].partition("/")
        if not slash:
            paths.append(path)
            continue
        sums = folders.setdefault(name, [0, 0])
        sums[0] += 1
        sums[1] += size or 0
    parts = [FolderPart(name, *sums) for name, sums in sorted(folders.items())]
    chosen = paths[max(0, skip - len(parts)) : max(0, skip + first - len(parts))]
    total = len(parts) + len(paths)
    return Folder(
        folders=tuple(parts[skip : skip + first]),
        files=tuple(named_files(connection, artifact_id, chosen)),
        total=total,
        has_next=skip + first < total,
    )


def _below(artifact_id: int, prefix: str) -> Select[Any]:
    return _narrow(select(artifact_files), artifact_id, prefix)


def _narrow(statement: Select[Any], artifact_id: int, prefix: str) -> Select[Any]:
    statement = statement.where(artifact_files.c.artifact_id == artifact_id)
    if prefix:
        statement = statement.where(
            artifact_files.c.path >= prefix,
            artifact_files.c.path < prefix + BEYOND_ANY_PATH,
        )
    return statement.order_by(artifact_files.c.path)


def _files(connection: Connection, statement: Select[Any]) -> list[VersionFile]:
    return [
        VersionFile(
            path=row.path,
            digest=row.digest,
            size_bytes=row.size_bytes,
            reference=row.reference,
            object_id=row.object_id,
        )
        for row in connection.execute(statement)
    ]


# ---- lineage -------------------------------------------------------------------------


def add_lineage(
    connection: Connection,
    run_id: int,
    artifact_id: int,
    direction: str,
    now: float,
    used_as: str | None = None,
) -> None:
    """The run made or used the version; once is enough."""
    values = {
        "run_id": run_id,
        "artifact_id": artifact_id,
        "direction": direction,
        "used_as": used_as,
        "created_at": now,
    }
    statement = insert(connection, artifact_lineage).values(values)
    connection.execute(statement.on_conflict_do_nothing())


def artifacts_of_run(connection: Connection, run_id: int, direction: str) -> list[int]:
    """Committed versions, in the order in which the run named them."""
    statement = (
        select(artifact_lineage.c.artifact_id)
        .join(artifacts, artifacts.c.id == artifact_lineage.c.artifact_id)
        .where(
            artifact_lineage.c.run_id == run_id,
            artifact_lineage.c.direction == direction,
            artifacts.c.state == COMMITTED,
        )
        .order_by(artifact_lineage.c.created_at, artifact_lineage.c.artifact_id)
    )
    return list(connection.scalars(statement).all())


def runs_of_artifact(
    connection: Connection, artifact_id: int, direction: str
) -> list[int]:
    """Runs that are still there, in the order in which they named it."""
    statement = (
        select(artifact_lineage.c.run_id)
        .join(runs, runs.c.id == artifact_lineage.c.run_id)
        .where(
            artifact_lineage.c.artifact_id == artifact_id,
            artifact_lineage.c.direction == direction,
        )
        .order_by(artifact_lineage.c.created_at, artifact_lineage.c.run_id)
    )
    return list(connection.scalars(statement).all())


def forget_lineage(connection: Connection, run_id: int) -> None:
    """The run is gone; its versions stay."""
    connection.execute(
        delete(artifact_lineage).where(artifact_lineage.c.run_id == run_id)
    )


def forget_artifacts(connection: Connection, ids: Iterable[int]) -> None:
    """No run made or used these any more."""
    for piece in in_pieces(list(ids)):
        gone = artifact_lineage.c.artifact_id.in_(piece)
        connection.execute(delete(artifact_lineage).where(gone))
