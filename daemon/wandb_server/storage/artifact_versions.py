"""Versions, the collections that they are in, and their aliases."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    delete,
    exists,
    or_,
    select,
    update,
)

from wandb_server.model.artifacts import (
    COMMITTED,
    PENDING,
    Alias,
    Collection,
    Version,
)
from wandb_server.storage.artifact_collections import (
    new_id,
    read_collections,
)
from wandb_server.storage.artifact_schema import (
    artifact_aliases,
    artifact_client_ids,
    artifact_memberships,
    artifact_tags,
    artifacts,
)
from wandb_server.storage.database import in_pieces, insert
from wandb_server.storage.schema import to_text

LATEST = "latest"
OVERDUE_PER_SWEEP = 100
VERSION_ALIAS = re.compile(r"v(\d{1,17})", re.ASCII)
"""`v3` always means number 3, whatever aliases there are."""

memberships = artifact_memberships


def insert_version(connection: Connection, values: Mapping[str, Any]) -> int:
    """A new PENDING version; its id."""
    empty = {"state": PENDING, "size_bytes": 0, "file_count": 0}
    statement = insert(connection, artifacts).values({**empty, **values})
    made = connection.execute(statement)
    return new_id(made)


def update_version(connection: Connection, artifact_id: int, **values: Any) -> None:
    """Set columns."""
    mine = artifacts.c.id == artifact_id
    connection.execute(update(artifacts).where(mine).values(values))


def read_versions(connection: Connection, ids: Sequence[int]) -> dict[int, Version]:
    """Whole versions by id; absent ones are left out."""
    found: dict[int, Version] = {}
    for piece in in_pieces(list(dict.fromkeys(ids))):
        rows = connection.execute(
            select(artifacts).where(artifacts.c.id.in_(piece))
        ).mappings()
        chosen = rows.all()
        collections = read_collections(
            connection, [row["collection_id"] for row in chosen]
        )
        tags, aliases = _tags_of(connection, piece), _aliases_of(connection, piece)
        for row in chosen:
            found[row["id"]] = _version(row, collections, tags, aliases)
    return found


def read_version(connection: Connection, artifact_id: int) -> Version | None:
    """One version, or None."""
    return read_versions(connection, [artifact_id]).get(artifact_id)


def wanted_aliases(connection: Connection, artifact_id: int) -> bytes:
    """JSON list of [collection, alias], as given when the version was made."""
    mine = artifacts.c.id == artifact_id
    found: bytes | None = connection.scalar(
        select(artifacts.c.wanted_aliases).where(mine)
    )
    return found or b"[]"


def find_by_digest(
    connection: Connection, collection_id: int, digest: str
) -> int | None:
    """The newest committed version of the sequence with these contents."""
    same = select(artifacts.c.id).where(
        artifacts.c.collection_id == collection_id,
        artifacts.c.digest == digest,
        artifacts.c.state == COMMITTED,
    )
    found: int | None = connection.scalar(same.order_by(artifacts.c.id.desc()).limit(1))
    return found


def find_distributed(
    connection: Connection, collection_id: int, distributed_id: str
) -> int | None:
    """The version that writers with this id add to, while it is pending."""
    same = select(artifacts.c.id).where(
        artifacts.c.collection_id == collection_id,
        artifacts.c.distributed_id == distributed_id,
        artifacts.c.state == PENDING,
    )
    found: int | None = connection.scalar(same.limit(1))
    return found


def write_tags(
    connection: Connection,
    artifact_id: int,
    added: Sequence[str],
    removed: Sequence[str] = (),
) -> None:
    """Add and remove tags."""
    if removed:
        mine = artifact_tags.c.artifact_id == artifact_id
        gone = artifact_tags.c.tag.in_(list(removed))
        connection.execute(delete(artifact_tags).where(mine, gone))
    rows = [{"artifact_id": artifact_id, "tag": tag} for tag in dict.fromkeys(added)]
    if rows:
        statement = insert(connection, artifact_tags)
        connection.execute(statement.on_conflict_do_nothing(), rows)


# ---- client ids ----------------------------------------------------------------------


def remember_client_id(
    connection: Connection,
    client_id: str,
    *,
    artifact_id: int | None = None,
    collection_id: int | None = None,
) -> None:
    """From now on `client_id` means this; one that is known is left as it is."""
    values = {
        "client_id": client_id,
        "artifact_id": artifact_id,
        "collection_id": collection_id,
    }
    statement = insert(connection, artifact_client_ids).values(values)
    connection.execute(statement.on_conflict_do_nothing())


def of_client_id(
    connection: Connection, client_id: str
) -> tuple[int | None, int | None] | None:
    """(version, collection) that it means, one of them None; None if unknown."""
    found = connection.execute(
        select(
            artifact_client_ids.c.artifact_id, artifact_client_ids.c.collection_id
        ).where(artifact_client_ids.c.client_id == client_id)
    ).first()
    return None if found is None else (found.artifact_id, found.collection_id)


def made_in(connection: Connection, collection_id: int) -> list[int]:
    """Versions that were made in the sequence, pending ones too."""
    mine = artifacts.c.collection_id == collection_id
    alive = artifacts.c.state.in_((PENDING, COMMITTED))
    return list(connection.scalars(select(artifacts.c.id).where(mine, alive)))


def remove_rows(connection: Connection, collection_id: int) -> None:
    """The rows of the sequence's versions, which were removed before."""
    mine = artifacts.c.collection_id == collection_id
    ids = select(artifacts.c.id).where(mine)
    for table in (artifact_tags, artifact_client_ids):
        connection.execute(delete(table).where(table.c.artifact_id.in_(ids)))
    connection.execute(
        delete(artifact_client_ids).where(
            artifact_client_ids.c.collection_id == collection_id
        )
    )
    connection.execute(delete(artifacts).where(mine))


def overdue(connection: Connection, now: float, pending_before: float) -> list[int]:
    """Versions whose time is over: never committed, or longer kept than asked.

    What a portfolio links to is kept.
    """
    forgotten = (artifacts.c.state == PENDING) & (
        artifacts.c.updated_at < pending_before
    )
    linked = exists().where(
        memberships.c.artifact_id == artifacts.c.id,
        memberships.c.collection_id != artifacts.c.collection_id,
    )
    expired = (
        (artifacts.c.state == COMMITTED)
        & (artifacts.c.ttl_s >= 0)
        & (artifacts.c.created_at + artifacts.c.ttl_s < now)
        & ~linked
    )
    statement = select(artifacts.c.id).where(or_(forgotten, expired))
    return list(connection.scalars(statement.limit(OVERDUE_PER_SWEEP)))


def _aliases_of(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[Alias, ...]]:
    rows = connection.execute(
        select(artifact_aliases, memberships.c.artifact_id)
        .join(memberships, memberships.c.id == artifact_aliases.c.membership_id)
        .where(memberships.c.artifact_id.in_(ids))
        .order_by(artifact_aliases.c.id)
    ).all()
    collections = read_collections(connection, [row.collection_id for row in rows])
    found: dict[int, tuple[Alias, ...]] = {}
    for row in rows:
        alias = Alias(row.id, row.alias, collections[row.collection_id])
        found[row.artifact_id] = (*found.get(row.artifact_id, ()), alias)
    return found


def _tags_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    statement = select(artifact_tags).where(artifact_tags.c.artifact_id.in_(ids))
    tags: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(statement.order_by(artifact_tags.c.tag)):
        tags[row.artifact_id] = (*tags.get(row.artifact_id, ()), row.tag)
    return tags


def _version(
    row: RowMapping,
    collections: Mapping[int, Collection],
    tags: Mapping[int, tuple[str, ...]],
    aliases: Mapping[int, tuple[Alias, ...]],
) -> Version:
    stored = row["metadata"]
    return Version(
        id=row["id"],
        collection=collections[row["collection_id"]],
        state=row["state"],
        version_index=row["version_index"],
        digest=row["digest"],
        digest_algorithm=row["digest_algorithm"],
        description=row["description"],
        metadata_json=None if stored is None else to_text(stored),
        ttl_s=row["ttl_s"],
        history_step=row["history_step"],
        run_id=row["run_id"],
        user_name=row["user_name"],
        commit_hash=row["commit_hash"],
        size_bytes=row["size_bytes"],
        file_count=row["file_count"],
        manifest_id=row["manifest_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        tags=tags.get(row["id"], ()),
        aliases=aliases.get(row["id"], ()),
    )
