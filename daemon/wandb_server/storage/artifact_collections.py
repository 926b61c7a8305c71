"""Types, sequences and portfolios."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    RowMapping,
    Select,
    delete,
    func,
    select,
    update,
)

from wandb_server.model.artifacts import ArtifactType, Collection, ProjectPlace
from wandb_server.storage.artifact_schema import (
    artifact_collection_tags,
    artifact_collections,
    artifact_types,
)
from wandb_server.storage.database import in_pieces, insert
from wandb_server.storage.schema import projects

LISTED_MAX = 100_000


def new_id(made: CursorResult[Any]) -> int:
    """The id of the row that an INSERT made."""
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def find_type(connection: Connection, project_id: int, name: str) -> int | None:
    """The type's id, or None."""
    mine = (artifact_types.c.project_id == project_id) & (artifact_types.c.name == name)
    found: int | None = connection.scalar(select(artifact_types.c.id).where(mine))
    return found


def ensure_type(connection: Connection, project_id: int, name: str, now: float) -> int:
    """The type's id; it is made when absent."""
    if (found := find_type(connection, project_id, name)) is not None:
        return found
    values = {"project_id": project_id, "name": name, "created_at": now}
    statement = insert(connection, artifact_types).values(values)
    connection.execute(statement.on_conflict_do_nothing())
    made = find_type(connection, project_id, name)
    assert made is not None
    return made


def list_types(
    connection: Connection, project_id: int, name: str | None = None
) -> list[ArtifactType]:
    """The project's types by name."""
    statement = (
        select(artifact_types, projects.c.entity, projects.c.name.label("project"))
        .join(projects, projects.c.id == artifact_types.c.project_id)
        .where(artifact_types.c.project_id == project_id)
        .order_by(artifact_types.c.name)
    )
    if name is not None:
        statement = statement.where(artifact_types.c.name == name)
    return [
        ArtifactType(
            id=row["id"],
            place=ProjectPlace(row["entity"], row["project"]),
            project_id=row["project_id"],
            name=row["name"],
            description=row["description"],
            created_at=row["created_at"],
        )
        for row in connection.execute(statement).mappings()
    ]


def create_collection(
    connection: Connection, project_id: int, type_id: int, name: str, **more: Any
) -> int:
    """A new collection (`kind`, `now`, `description`); its id."""
    now = more["now"]
    values = {
        "project_id": project_id,
        "type_id": type_id,
        "name": name,
        "kind": more["kind"],
        "description": more.get("description"),
        "created_at": now,
        "updated_at": now,
        "next_version": 0,
    }
    made = connection.execute(insert(connection, artifact_collections).values(values))
    return new_id(made)


def whole_collections() -> Select[Any]:
    """Everything of collections but tags, to be narrowed by the caller."""
    return select(
        artifact_collections,
        artifact_types.c.name.label("type_name"),
        projects.c.entity,
        projects.c.name.label("project"),
    ).select_from(
        artifact_collections.join(
            artifact_types, artifact_types.c.id == artifact_collections.c.type_id
        ).join(projects, projects.c.id == artifact_collections.c.project_id)
    )


def read_collections(
    connection: Connection, ids: Sequence[int]
) -> dict[int, Collection]:
    """Collections by id; absent ones are left out."""
    found: dict[int, Collection] = {}
    for piece in in_pieces(list(dict.fromkeys(ids))):
        statement = whole_collections().where(artifact_collections.c.id.in_(piece))
        rows = connection.execute(statement).mappings().all()
        tags = _tags_of(connection, piece)
        found.update((row["id"], _collection(row, tags)) for row in rows)
    return found


def read_collection(connection: Connection, collection_id: int) -> Collection | None:
    """One collection, or None."""
    return read_collections(connection, [collection_id]).get(collection_id)


def find_collection(
    connection: Connection, project_id: int, name: str
) -> Collection | None:
    """By name, or None."""
    mine = artifact_collections.c.project_id == project_id
    named = select(artifact_collections.c.id).where(
        mine, artifact_collections.c.name == name
    )
    found = connection.scalar(named)
    return None if found is None else read_collection(connection, found)


def list_collections(
    connection: Connection,
    project_id: int,
    type_id: int | None = None,
    kinds: Sequence[str] = (),
) -> list[Collection]:
    """Newest first; all of the project, or those of a type."""
    statement = select(artifact_collections.c.id).where(
        artifact_collections.c.project_id == project_id
    )
    if type_id is not None:
        statement = statement.where(artifact_collections.c.type_id == type_id)
    if kinds:
        statement = statement.where(artifact_collections.c.kind.in_(kinds))
    newest_first = statement.order_by(artifact_collections.c.id.desc())
    ids = connection.scalars(newest_first.limit(LISTED_MAX)).all()
    found = read_collections(connection, ids)
    return [found[number] for number in ids if number in found]


def update_collection(
    connection: Connection, collection_id: int, **values: Any
) -> None:
    """Set columns."""
    mine = artifact_collections.c.id == collection_id
    connection.execute(update(artifact_collections).where(mine).values(values))


def take_version_number(connection: Connection, collection_id: int) -> int:
    """The next number; never given twice."""
    mine = artifact_collections.c.id == collection_id
    number = connection.scalar(
        select(artifact_collections.c.next_version).where(mine).with_for_update()
    )
    assert number is not None
    connection.execute(
        update(artifact_collections).where(mine).values(next_version=number + 1)
    )
    return int(number)


def add_tags(connection: Connection, collection_id: int, tags: Sequence[str]) -> None:
    """Tags that are there already stay."""
    rows = [{"collection_id": collection_id, "tag": tag} for tag in dict.fromkeys(tags)]
    if rows:
        statement = insert(connection, artifact_collection_tags)
        connection.execute(statement.on_conflict_do_nothing(), rows)


def remove_tags(connection: Connection, collection_id: int, tags: Sequence[str]) -> int:
    """How many of them there were."""
    mine = artifact_collection_tags.c.collection_id == collection_id
    named = artifact_collection_tags.c.tag.in_(list(tags))
    gone = connection.execute(delete(artifact_collection_tags).where(mine, named))
    return gone.rowcount


def remove_collection(connection: Connection, collection_id: int) -> None:
    """The row and its tags; nothing may refer to it any more."""
    connection.execute(
        delete(artifact_collection_tags).where(
            artifact_collection_tags.c.collection_id == collection_id
        )
    )
    connection.execute(
        delete(artifact_collections).where(artifact_collections.c.id == collection_id)
    )


def count_collections(connection: Connection, project_id: int) -> int:
    """How many the project has."""
    mine = artifact_collections.c.project_id == project_id
    return int(
        connection.scalar(
            select(func.count()).select_from(artifact_collections).where(mine)
        )
        or 0
    )


def _tags_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    statement = select(artifact_collection_tags).where(
        artifact_collection_tags.c.collection_id.in_(ids)
    )
    tags: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(statement.order_by(artifact_collection_tags.c.tag)):
        tags[row.collection_id] = (*tags.get(row.collection_id, ()), row.tag)
    return tags


def _collection(row: RowMapping, tags: dict[int, tuple[str, ...]]) -> Collection:
    return Collection(
        id=row["id"],
        place=ProjectPlace(row["entity"], row["project"]),
        project_id=row["project_id"],
        kind=row["kind"],
        name=row["name"],
        type_id=row["type_id"],
        type_name=row["type_name"],
        description=row["description"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        tags=tags.get(row["id"], ()),
    )
