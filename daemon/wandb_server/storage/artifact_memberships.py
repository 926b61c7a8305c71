"""Which versions are in which collections, and by which names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    delete,
    exists,
    func,
    select,
)

from wandb_server.model.artifacts import (
    Alias,
    Collection,
    Membership,
)
from wandb_server.storage.artifact_collections import (
    new_id,
    read_collections,
    take_version_number,
)
from wandb_server.storage.artifact_schema import (
    artifact_aliases,
    artifact_memberships,
    artifact_tags,
)
from wandb_server.storage.artifact_versions import (
    VERSION_ALIAS,
    read_versions,
)
from wandb_server.storage.database import in_pieces, insert

memberships = artifact_memberships


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
