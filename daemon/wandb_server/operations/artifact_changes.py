"""Changing what was committed: aliases, links, descriptions, deletion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from wandb_server.errors import NotFound, QueryError
from wandb_server.model.artifacts import (
    COMMITTED,
    DELETED,
    SEQUENCE,
    TTL_INHERITED,
    Collection,
    Membership,
    ProjectPlace,
    Version,
    VersionEdit,
)
from wandb_server.model.runs import Run
from wandb_server.operations.artifact_collections import new_portfolio
from wandb_server.operations.artifact_names import check_alias, check_name, cleaned
from wandb_server.operations.artifact_uploads import ArtifactUploads
from wandb_server.storage import (
    artifact_blobs,
    artifact_collections,
    artifact_files,
    artifact_memberships,
    artifact_versions,
    projects,
)
from wandb_server.storage.artifact_versions import LATEST
from wandb_server.storage.schema import to_bytes


@dataclass(frozen=True, slots=True)
class AliasPlace:
    """An alias in a collection; without a place it is the version's own project."""

    collection: str
    alias: str
    place: ProjectPlace | None = None


class ArtifactChanges(ArtifactUploads):
    """What people do with versions and collections."""

    async def edit_version(self, artifact_id: int, edit: VersionEdit) -> Version:
        """Change what is given."""
        edit = cleaned(edit)
        for tag in edit.tags_added:
            check_name(tag, "tag")
        values: dict[str, Any] = {"updated_at": self._stores.clock()}
        if edit.description is not None:
            values["description"] = edit.description
        if edit.metadata_json is not None:
            values["metadata"] = to_bytes(edit.metadata_json)
        if edit.ttl_s is not None:
            values["ttl_s"] = None if edit.ttl_s == TTL_INHERITED else edit.ttl_s

        def change(db: Connection) -> Version:
            _version(db, artifact_id)
            artifact_versions.update_version(db, artifact_id, **values)
            artifact_versions.write_tags(
                db, artifact_id, edit.tags_added, edit.tags_removed
            )
            return _version(db, artifact_id)

        return await self._stores.database.write(change)

    async def use_version(
        self, artifact_id: int, run: Run, used_as: str | None
    ) -> Version:
        """Remember that the run takes it as input."""
        now = self._stores.clock()

        def change(db: Connection) -> Version:
            version = _version(db, artifact_id)
            artifact_files.add_lineage(
                db, run.id, artifact_id, artifact_files.INPUT, now, used_as
            )
            return version

        return await self._stores.database.write(change)

    async def output_version(self, artifact_id: int, run: Run) -> None:
        """Remember that the run made it (too)."""
        now = self._stores.clock()
        await self._stores.database.write(
            lambda db: artifact_files.add_lineage(
                db, run.id, artifact_id, artifact_files.OUTPUT, now
            )
        )

    # aliases ----------------------------------------------------------------------
    async def add_aliases(
        self, artifact_id: int, aliases: Sequence[AliasPlace]
    ) -> None:
        """Move these aliases to the version.

        Raises:
            NotFound: the version is not in such a collection.
        """
        for alias in aliases:
            check_alias(alias.alias)

        def change(db: Connection) -> None:
            version = _version(db, artifact_id)
            for alias in aliases:
                collection = _collection_of(db, version, alias)
                member = _member(db, version, collection)
                artifact_memberships.set_alias(db, collection.id, member, alias.alias)

        await self._stores.database.write(change)

    async def delete_aliases(
        self, artifact_id: int, aliases: Sequence[AliasPlace]
    ) -> None:
        """Take these aliases from the version; one that it has not is no error."""

        def change(db: Connection) -> None:
            version = _version(db, artifact_id)
            for alias in aliases:
                collection = _collection_of(db, version, alias)
                member = _member(db, version, collection)
                artifact_memberships.drop_alias(db, collection.id, alias.alias, member)

        await self._stores.database.write(change)

    # links ------------------------------------------------------------------------
    async def link(
        self,
        artifact_id: int,
        place: ProjectPlace,
        portfolio: str,
        aliases: Sequence[str],
    ) -> Membership:
        """The version as a member of the portfolio, which is made when absent.

        Raises:
            QueryError: the name is taken, or by a collection of another type.
        """
        check_name(portfolio, "artifactPortfolioName")
        for alias in aliases:
            check_alias(alias)
        now = self._stores.clock()

        def change(db: Connection) -> Membership:
            version = _version(db, artifact_id)
            if version.state != COMMITTED:
                raise QueryError("artifactID", "it is not committed yet; wait for it")
            collection = _portfolio(db, version, cleaned(place), portfolio, now)
            member, _ = artifact_memberships.join_collection(
                db, collection.id, artifact_id, now
            )
            for alias in (*aliases, LATEST):
                artifact_memberships.set_alias(db, collection.id, member, alias)
            artifact_collections.update_collection(db, collection.id, updated_at=now)
            return artifact_memberships.read_memberships(db, [member])[0]

        return await self._stores.database.write(change)

    async def unlink(self, artifact_id: int, collection_id: int) -> bool:
        """False if it was not linked there.

        Raises:
            QueryError: the collection is the one that it was made in.
        """

        def change(db: Connection) -> bool:
            version = _version(db, artifact_id)
            if version.collection.id == collection_id:
                raise QueryError(
                    "artifactPortfolioID",
                    "this is where the version was made, so it cannot be unlinked; "
                    f"delete it by its number, {version.collection.name}:"
                    f"v{version.version_index}",
                )
            left = artifact_memberships.leave_collections(
                db, artifact_id, collection_id
            )
            move_latest(db, left)
            return bool(left)

        return await self._stores.database.write(change)

    # deletion ---------------------------------------------------------------------
    async def delete_version(self, artifact_id: int, *, with_aliases: bool) -> int:
        """Bytes freed: of files that no other version holds.

        Raises:
            QueryError: it has aliases, and they may not go.
        """

        def change(db: Connection) -> list[tuple[int, int]]:
            version = _version(db, artifact_id)
            if version.aliases and not with_aliases:
                named = ", ".join(alias.alias for alias in version.aliases)
                raise QueryError(
                    "artifact", f"it has aliases ({named}); delete them with it"
                )
            return remove_version(db, artifact_id, self._stores.clock())

        return await self._removed(change)

    async def delete_of_run(self, run_id: int) -> int:
        """Delete the versions that the run made; bytes freed."""

        def change(db: Connection) -> list[tuple[int, int]]:
            dead: list[tuple[int, int]] = []
            made = artifact_files.artifacts_of_run(db, run_id, artifact_files.OUTPUT)
            for version in artifact_versions.read_versions(db, made).values():
                if version.run_id == run_id:
                    now = self._stores.clock()
                    dead.extend(remove_version(db, version.id, now))
            return dead

        return await self._removed(change)

    async def delete_collection(self, collection_id: int) -> int:
        """With all versions that were made in it, links of others; bytes freed."""

        def change(db: Connection) -> list[tuple[int, int]]:
            return remove_collection(db, collection_id, self._stores.clock())

        return await self._removed(change)

    async def _removed(
        self, change: Callable[[Connection], list[tuple[int, int]]]
    ) -> int:
        dead = await self._stores.database.write(change)
        await self._delete_bytes([number for number, _ in dead])
        return sum(size for _, size in dead)


def remove_version(
    db: Connection, artifact_id: int, now: float
) -> list[tuple[int, int]]:
    """Only its number stays; (object, bytes) that are dead now."""
    move_latest(db, artifact_memberships.leave_collections(db, artifact_id))
    used = artifact_files.remove_files(db, artifact_id)
    used += artifact_blobs.release(db, artifact_id)
    dead = artifact_blobs.drop_unused(db, used, now)
    dead += artifact_blobs.remove_manifests(db, artifact_id, now)
    dead += [
        (number, 0) for number in artifact_blobs.remove_parts(db, artifact_id, now)
    ]
    artifact_files.forget_artifacts(db, [artifact_id])
    artifact_versions.update_version(
        db, artifact_id, state=DELETED, manifest_id=None, updated_at=now
    )
    return dead


def remove_collection(
    db: Connection, collection_id: int, now: float
) -> list[tuple[int, int]]:
    """Every trace of a collection; (object, bytes) that are dead now."""
    dead: list[tuple[int, int]] = []
    for artifact_id in artifact_versions.made_in(db, collection_id):
        dead += remove_version(db, artifact_id, now)
    for number in artifact_memberships.members_of(db, collection_id):
        artifact_memberships.leave_collections(db, number, collection_id)
    artifact_versions.remove_rows(db, collection_id)
    artifact_collections.remove_collection(db, collection_id)
    return dead


def move_latest(db: Connection, collection_ids: Sequence[int]) -> None:
    """Where `latest` went with a version, the newest one left is called so."""
    for collection_id in collection_ids:
        if not artifact_memberships.has_alias(db, collection_id, LATEST):
            newest = artifact_memberships.newest_member(db, collection_id)
            if newest is not None:
                artifact_memberships.set_alias(db, collection_id, newest, LATEST)


def _version(db: Connection, artifact_id: int) -> Version:
    found = artifact_versions.read_version(db, artifact_id)
    if found is None or found.state == DELETED:
        raise NotFound("artifact", str(artifact_id))
    return found


def _collection_of(db: Connection, version: Version, alias: AliasPlace) -> Collection:
    place = alias.place or version.place
    project_id = projects.project_id(db, place.entity, place.project)
    found = project_id and artifact_collections.find_collection(
        db, project_id, alias.collection
    )
    if not found:
        raise NotFound("artifact collection", alias.collection)
    return found


def _member(db: Connection, version: Version, collection: Collection) -> int:
    found = artifact_memberships.list_memberships(
        db, collection_id=collection.id, artifact_id=version.id
    )
    if not found:
        raise QueryError(
            "artifact", f"this version is not in the collection {collection.name!r}"
        )
    return found[0]


def _portfolio(
    db: Connection, version: Version, place: ProjectPlace, name: str, now: float
) -> Collection:
    project_id, _ = projects.create_project(db, place.entity, place.project, now)
    found = artifact_collections.find_collection(db, project_id, name)
    if found is None:
        type_name = version.collection.type_name
        return new_portfolio(db, project_id, name, type_name, now, None)
    if found.kind == SEQUENCE:
        raise QueryError(
            "artifactPortfolioName",
            f"{name!r} is a name that versions are logged under; "
            "link to another collection",
        )
    if found.type_name != version.collection.type_name:
        raise QueryError(
            "artifactPortfolioName",
            f"{name!r} links artifacts of type {found.type_name!r}, "
            f"not {version.collection.type_name!r}",
        )
    return found
