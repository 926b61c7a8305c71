"""Artifacts: everything that is asked of them; making and changing stand beside."""

from collections.abc import Sequence

from sqlalchemy import Connection

from wandb_server.errors import QueryError
from wandb_server.ingest.values import clean_text
from wandb_server.model.artifacts import (
    Alias,
    ArtifactType,
    Collection,
    Folder,
    Manifest,
    Membership,
    Page,
    Paging,
    ProjectPlace,
    Version,
    VersionFile,
)
from wandb_server.model.runs import Run
from wandb_server.operations.artifact_changes import ArtifactChanges
from wandb_server.operations.artifact_collections import ArtifactCollections
from wandb_server.operations.artifact_making import ArtifactMaking
from wandb_server.operations.artifact_names import split_name
from wandb_server.storage import (
    artifact_blobs,
    artifact_collections,
    artifact_files,
    artifact_memberships,
    artifact_versions,
    projects,
    runs,
)


class Artifacts(ArtifactMaking, ArtifactChanges, ArtifactCollections):
    """Everything about artifacts. "Absent" is None, never an exception."""

    # versions -----------------------------------------------------------------------
    async def version(self, artifact_id: int) -> Version | None:
        """In any state; None if there never was one."""
        return await self._stores.database.read(
            lambda db: artifact_versions.read_version(db, artifact_id)
        )

    async def membership(self, place: ProjectPlace, name: str) -> Membership | None:
        """By `collection:alias` or `collection:v3`."""
        collection, alias = split_name(clean_text(name))

        def question(db: Connection) -> Membership | None:
            found = _collection(db, place, collection)
            if found is None:
                return None
            return artifact_memberships.member_by_alias(db, found.id, alias)

        return await self._stores.database.read(question)

    async def member(self, collection_id: int, alias: str) -> Membership | None:
        """By alias or number within a collection."""
        return await self._stores.database.read(
            lambda db: artifact_memberships.member_by_alias(
                db, collection_id, clean_text(alias)
            )
        )

    async def memberships(
        self,
        paging: Paging,
        *,
        collection_id: int | None = None,
        artifact_id: int | None = None,
        tags: Sequence[str] = (),
        alias: str | None = None,
        oldest_first: bool = False,
    ) -> Page[Membership]:
        """Of a collection or of a version, newest first; with all of these tags."""

        def question(db: Connection) -> Page[Membership]:
            ids = artifact_memberships.list_memberships(
                db,
                collection_id=collection_id,
                artifact_id=artifact_id,
                alias=alias,
                tags=tags,
            )
            if oldest_first:
                ids.reverse()
            chosen, has_next = _behind(ids, paging, oldest_first=oldest_first)
            found = artifact_memberships.read_memberships(db, chosen)
            cursors = tuple(str(member.id) for member in found)
            return Page(tuple(found), cursors, has_next, len(ids))

        return await self._stores.database.read(question)

    # collections and types ------------------------------------------------------------
    async def types(self, place: ProjectPlace) -> Sequence[ArtifactType]:
        """By name."""
        return await self._stores.database.read(lambda db: _types(db, place, None))

    async def type_named(self, place: ProjectPlace, name: str) -> ArtifactType | None:
        """None if the project has none."""
        found = await self._stores.database.read(
            lambda db: _types(db, place, clean_text(name))
        )
        return next(iter(found), None)

    async def collection(self, collection_id: int) -> Collection | None:
        """By its number."""
        return await self._stores.database.read(
            lambda db: artifact_collections.read_collection(db, collection_id)
        )

    async def collection_named(
        self, place: ProjectPlace, name: str
    ) -> Collection | None:
        """None if the project has none."""
        return await self._stores.database.read(
            lambda db: _collection(db, place, clean_text(name))
        )

    async def collections(
        self, place: ProjectPlace, type_id: int | None, kinds: Sequence[str] = ()
    ) -> Sequence[Collection]:
        """Newest first; of one type or of all."""

        def question(db: Connection) -> Sequence[Collection]:
            project_id = projects.project_id(db, place.entity, place.project)
            if project_id is None:
                return ()
            return artifact_collections.list_collections(db, project_id, type_id, kinds)

        return await self._stores.database.read(question)

    async def aliases(self, collection: Collection) -> Sequence[Alias]:
        """Every alias of a collection, by name."""
        return await self._stores.database.read(
            lambda db: artifact_memberships.aliases_of_collection(db, collection)
        )

    async def version_count(self, collection_id: int) -> int:
        """How many versions are in it."""
        return await self._stores.database.read(
            lambda db: artifact_memberships.count_members(db, collection_id)
        )

    async def of_client_id(
        self, client_id: str
    ) -> tuple[Version | None, Collection | None]:
        """The version or the sequence that a client named so."""

        def question(db: Connection) -> tuple[Version | None, Collection | None]:
            found = artifact_versions.of_client_id(db, clean_text(client_id))
            if found is None:
                return None, None
            version, collection = found
            return (
                version and artifact_versions.read_version(db, version),
                collection and artifact_collections.read_collection(db, collection),
            )  # type: ignore[return-value]

        return await self._stores.database.read(question)

    # contents -------------------------------------------------------------------------
    async def version_files(
        self,
        artifact_id: int,
        paging: Paging,
        *,
        names: Sequence[str] = (),
        prefix: str = "",
    ) -> Page[VersionFile]:
        """Entries by path, references too; the cursor is the path. `total` counts all
        of the version's.
        """

        def question(db: Connection) -> Page[VersionFile]:
            version = artifact_versions.read_version(db, artifact_id)
            total = 0 if version is None else version.file_count
            if names:
                cleaned = [clean_text(name) for name in names]
                found = artifact_files.named_files(db, artifact_id, cleaned)
            else:
                found = artifact_files.list_files(
                    db,
                    artifact_id,
                    first=paging.first + 1,
                    after=paging.after,
                    prefix=clean_text(prefix),
                )
            has_next = not names and len(found) > paging.first
            page = tuple(found if names else found[: paging.first])
            return Page(page, tuple(file.path for file in page), has_next, total)

        return await self._stores.database.read(question)

    async def version_file(
        self, artifact_id: int, path: str, digest: str | None = None
    ) -> VersionFile | None:
        """By path, else by digest."""

        def question(db: Connection) -> VersionFile | None:
            found = artifact_files.named_files(db, artifact_id, [clean_text(path)])
            if found or digest is None:
                return next(iter(found), None)
            return artifact_files.file_by_digest(db, artifact_id, clean_text(digest))

        return await self._stores.database.read(question)

    async def folder(
        self, artifact_id: int, prefix: str, first: int, skip: int
    ) -> Folder:
        """One level of the version's tree."""
        below = clean_text(prefix)
        if below and not below.endswith("/"):
            below += "/"
        return await self._stores.database.read(
            lambda db: artifact_files.read_folder(db, artifact_id, below, first, skip)
        )

    async def manifest(self, manifest_id: int) -> Manifest | None:
        """None if there is none."""
        return await self._stores.database.read(
            lambda db: artifact_blobs.read_manifest(db, manifest_id)
        )

    async def own_bytes(self, artifact_id: int) -> int:
        """What deleting the version frees."""
        return await self._stores.database.read(
            lambda db: artifact_blobs.own_bytes(db, artifact_id)
        )

    async def blob_size(self, object_id: int) -> int | None:
        """Bytes of a blob; None if it is gone."""
        found = await self._stores.database.read(
            lambda db: artifact_blobs.blob_of_object(db, object_id)
        )
        return None if found is None else found.size_bytes

    async def blob_in(self, collection_id: int, digest: str) -> int | None:
        """The bytes with this digest, if some version of the collection holds them."""
        return await self._stores.database.read(
            lambda db: artifact_files.blob_in_collection(db, collection_id, digest)
        )

    # lineage --------------------------------------------------------------------------
    async def versions_of_run(
        self, run: Run, direction: str, paging: Paging
    ) -> Page[Version]:
        """What the run made (`output`) or used (`input`)."""

        def question(db: Connection) -> Page[Version]:
            ids = artifact_files.artifacts_of_run(db, run.id, direction)
            at = _position(ids, paging.after)
            chosen = ids[at : at + paging.first]
            found = artifact_versions.read_versions(db, chosen)
            items = tuple(found[number] for number in chosen)
            has_next = at + len(chosen) < len(ids)
            return Page(items, tuple(map(str, chosen)), has_next, len(ids))

        return await self._stores.database.read(question)

    async def runs_of_version(self, artifact_id: int, direction: str) -> Sequence[Run]:
        """Runs that made or used it and are still there."""
        return await self._stores.database.read(
            lambda db: runs.read_runs(
                db, artifact_files.runs_of_artifact(db, artifact_id, direction)
            )
        )

    async def creator(self, version: Version) -> Run | None:
        """The run that made it first, while it is there."""
        if version.run_id is None:
            return None
        number = version.run_id
        return await self._stores.database.read(lambda db: runs.read_run(db, number))


def _collection(db: Connection, place: ProjectPlace, name: str) -> Collection | None:
    project_id = projects.project_id(db, place.entity, place.project)
    if project_id is None:
        return None
    return artifact_collections.find_collection(db, project_id, name)


def _types(
    db: Connection, place: ProjectPlace, name: str | None
) -> Sequence[ArtifactType]:
    project_id = projects.project_id(db, place.entity, place.project)
    if project_id is None:
        return ()
    return artifact_collections.list_types(db, project_id, name)


def _behind(
    ids: Sequence[int], paging: Paging, *, oldest_first: bool
) -> tuple[Sequence[int], bool]:
    """The page behind the cursor's id, which may be gone."""
    rest = ids
    if paging.after:
        if not paging.after.isdecimal():
            raise QueryError("after", f"{paging.after!r} is no cursor of this list")
        last = int(paging.after)
        rest = [n for n in ids if (n > last if oldest_first else n < last)]
    return rest[: paging.first], len(rest) > paging.first


def _position(ids: Sequence[int], cursor: str | None) -> int:
    """Behind the cursor's id; from the beginning if it is gone."""
    known = cursor is not None and cursor.isdecimal() and int(cursor) in ids
    return ids.index(int(cursor)) + 1 if known and cursor is not None else 0
