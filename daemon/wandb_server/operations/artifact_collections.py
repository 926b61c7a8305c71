"""Making and changing collections; their versions stay as they are."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from wandb_server.errors import NotFound, QueryError
from wandb_server.model.artifacts import (
    PORTFOLIO,
    Collection,
    ProjectPlace,
)
from wandb_server.operations.artifact_names import check_name
from wandb_server.operations.artifact_uploads import ArtifactUploads
from wandb_server.storage import (
    artifact_collections,
    projects,
)


class ArtifactCollections(ArtifactUploads):
    """What people do with sequences and portfolios as a whole."""

    async def create_portfolio(
        self, place: ProjectPlace, name: str, type_name: str, description: str | None
    ) -> Collection:
        """An empty portfolio.

        Raises:
            QueryError: the name is taken.
        """
        check_name(name, "name")
        check_name(type_name, "artifactTypeName")
        now = self._stores.clock()

        def change(db: Connection) -> Collection:
            project_id, _ = projects.create_project(
                db, place.entity, place.project, now
            )
            if artifact_collections.find_collection(db, project_id, name) is not None:
                raise QueryError("name", f"there is a collection {name!r} already")
            return new_portfolio(db, project_id, name, type_name, now, description)

        return await self._stores.database.write(change)

    async def edit_collection(
        self, collection_id: int, name: str | None, description: str | None
    ) -> Collection:
        """Rename or describe it.

        Raises:
            QueryError: the name is taken.
        """
        values: dict[str, Any] = {"updated_at": self._stores.clock()}
        if name is not None:
            check_name(name, "name")
            values["name"] = name
        if description is not None:
            values["description"] = description

        def change(db: Connection) -> Collection:
            known = known_collection(db, collection_id)
            if name is not None and name != known.name:
                other = artifact_collections.find_collection(db, known.project_id, name)
                if other is not None:
                    raise QueryError("name", f"there is a collection {name!r} already")
            artifact_collections.update_collection(db, collection_id, **values)
            return known_collection(db, collection_id)

        return await self._stores.database.write(change)

    async def move_collection(self, collection_id: int, type_name: str) -> Collection:
        """Give a sequence another type."""
        check_name(type_name, "destinationArtifactTypeName")
        now = self._stores.clock()

        def change(db: Connection) -> Collection:
            known = known_collection(db, collection_id)
            type_id = artifact_collections.ensure_type(
                db, known.project_id, type_name, now
            )
            artifact_collections.update_collection(
                db, collection_id, type_id=type_id, updated_at=now
            )
            return known_collection(db, collection_id)

        return await self._stores.database.write(change)

    async def tag_collection(
        self, collection_id: int, added: Sequence[str], removed: Sequence[str] = ()
    ) -> Collection:
        """Add and remove tags."""
        for tag in added:
            check_name(tag, "tag")

        def change(db: Connection) -> Collection:
            artifact_collections.add_tags(db, collection_id, added)
            if removed:
                artifact_collections.remove_tags(db, collection_id, removed)
            return known_collection(db, collection_id)

        return await self._stores.database.write(change)


def known_collection(db: Connection, collection_id: int) -> Collection:
    """Raises:
    NotFound: there is none.
    """
    found = artifact_collections.read_collection(db, collection_id)
    if found is None:
        raise NotFound("artifact collection", str(collection_id))
    return found


def new_portfolio(
    db: Connection,
    project_id: int,
    name: str,
    type_name: str,
    now: float,
    description: str | None,
) -> Collection:
    """An empty portfolio; the type is made when absent."""
    type_id = artifact_collections.ensure_type(db, project_id, type_name, now)
    number = artifact_collections.create_collection(
        db, project_id, type_id, name, kind=PORTFOLIO, now=now, description=description
    )
    return known_collection(db, number)
