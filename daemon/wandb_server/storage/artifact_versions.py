"""Versions, the collections that they are in, and their aliases."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from wandb_server.artifact_model import (
    COMMITTED,
    PENDING,
    Alias,
    Collection,
    Membership,
    Version,
)
from wandb_server.storage.artifact_collections import (
    new_id,
    read_collections,
    take_version_number,
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


# ---- memberships ---------------------------------------------------------------------


def join_collection(
    connection: Connection, collection_id: int, artifact_id: int, now: float
) -> tuple[int, int]:
    """(membership, number there); a member stays as it is."""
    mine = select(memberships.c.id, memberships.c.version_index).where(
        memberships.c.collection_id == collection_id,
        memberships.c.artifact_id == artifact_id,
    )
    found = connection.execute(mine).first()
    if found is not None:
        return found.id, found.version_index
    number = take_version_number(connection, collection_id)
    values = {
        "collection_id": collection_id,
        "artifact_id": artifact_id,
        "version_index": number,
        "created_at": now,
    }
    made = connection.execute(insert(connection, memberships).values(values))
    return new_id(made), number


def leave_collections(
    connection: Connection, artifact_id: int, collection_id: int | None = None
) -> list[int]:
    """End the membership in one collection or in all; which ones it was in."""
    mine = memberships.c.artifact_id == artifact_id
    if collection_id is not None:
        mine &= memberships.c.collection_id == collection_id
    found = connection.execute(
        select(memberships.c.id, memberships.c.collection_id).where(mine)
    ).all()
    for row in found:
        connection.execute(
            delete(artifact_aliases).where(artifact_aliases.c.membership_id == row.id)
        )
    connection.execute(delete(memberships).where(mine))
    return [row.collection_id for row in found]


def member_by_alias(
    connection: Connection, collection_id: int, alias: str
) -> Membership | None:
    """`v3`, or a name; None if nothing is called so."""
    statement = select(memberships.c.id).where(
        memberships.c.collection_id == collection_id
    )
    if numbered := VERSION_ALIAS.fullmatch(alias):
        statement = statement.where(memberships.c.version_index == int(numbered[1]))
    else:
        statement = statement.join(
            artifact_aliases, artifact_aliases.c.membership_id == memberships.c.id
        ).where(artifact_aliases.c.alias == alias)
    found = connection.scalar(statement)
    return None if found is None else read_memberships(connection, [found])[0]


def newest_member(connection: Connection, collection_id: int) -> int | None:
    """The membership with the highest number."""
    mine = memberships.c.collection_id == collection_id
    newest = select(memberships.c.id).where(mine)
    found: int | None = connection.scalar(
        newest.order_by(memberships.c.version_index.desc()).limit(1)
    )
    return found


def read_memberships(connection: Connection, ids: Sequence[int]) -> list[Membership]:
    """Whole memberships in the order of `ids`; absent ones are left out."""
    rows: dict[int, RowMapping] = {}
    for piece in in_pieces(list(ids)):
        chosen = select(memberships).where(memberships.c.id.in_(piece))
        rows.update((row["id"], row) for row in connection.execute(chosen).mappings())
    collections = read_collections(
        connection, [row["collection_id"] for row in rows.values()]
    )
    versions = read_versions(connection, [row["artifact_id"] for row in rows.values()])
    return [
        Membership(
            id=number,
            collection=collections[rows[number]["collection_id"]],
            version=versions[rows[number]["artifact_id"]],
            version_index=rows[number]["version_index"],
            created_at=rows[number]["created_at"],
        )
        for number in ids
        if number in rows
    ]


def list_memberships(
    connection: Connection,
    *,
    collection_id: int | None = None,
    artifact_id: int | None = None,
    alias: str | None = None,
    tags: Sequence[str] = (),
) -> list[int]:
    """Ids, newest first; with `tags` those versions that have all of them."""
    statement: Select[Any] = select(memberships.c.id)
    if collection_id is not None:
        statement = statement.where(memberships.c.collection_id == collection_id)
    if artifact_id is not None:
        statement = statement.where(memberships.c.artifact_id == artifact_id)
    if alias is not None:
        statement = statement.join(
            artifact_aliases, artifact_aliases.c.membership_id == memberships.c.id
        ).where(artifact_aliases.c.alias == alias)
    for tag in tags:
        tagged = exists().where(
            artifact_tags.c.artifact_id == memberships.c.artifact_id,
            artifact_tags.c.tag == tag,
        )
        statement = statement.where(tagged)
    newest_first = statement.order_by(memberships.c.id.desc())
    return list(connection.scalars(newest_first).all())


def count_members(connection: Connection, collection_id: int) -> int:
    """How many versions are in the collection."""
    mine = memberships.c.collection_id == collection_id
    statement = select(func.count()).select_from(memberships).where(mine)
    return int(connection.scalar(statement) or 0)


def members_of(connection: Connection, collection_id: int) -> list[int]:
    """Versions that are in the collection."""
    mine = memberships.c.collection_id == collection_id
    return list(connection.scalars(select(memberships.c.artifact_id).where(mine)))


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


# ---- aliases -------------------------------------------------------------------------


def set_alias(
    connection: Connection, collection_id: int, membership_id: int, alias: str
) -> None:
    """The alias means this member now, whatever it meant before."""
    drop_alias(connection, collection_id, alias)
    values = {
        "collection_id": collection_id,
        "membership_id": membership_id,
        "alias": alias,
    }
    connection.execute(insert(connection, artifact_aliases).values(values))


def drop_alias(
    connection: Connection,
    collection_id: int,
    alias: str,
    membership_id: int | None = None,
) -> bool:
    """False if the alias (of that member) is not there."""
    mine = artifact_aliases.c.collection_id == collection_id
    mine &= artifact_aliases.c.alias == alias
    if membership_id is not None:
        mine &= artifact_aliases.c.membership_id == membership_id
    return connection.execute(delete(artifact_aliases).where(mine)).rowcount > 0


def has_alias(connection: Connection, collection_id: int, alias: str) -> bool:
    """Whether something is called so."""
    mine = artifact_aliases.c.collection_id == collection_id
    named = select(artifact_aliases.c.id).where(mine, artifact_aliases.c.alias == alias)
    return connection.scalar(named) is not None


def aliases_of_collection(
    connection: Connection, collection: Collection
) -> list[Alias]:
    """Every alias by name."""
    mine = artifact_aliases.c.collection_id == collection.id
    rows = connection.execute(
        select(artifact_aliases).where(mine).order_by(artifact_aliases.c.alias)
    )
    return [Alias(row.id, row.alias, collection) for row in rows]


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
