"""Artifacts as one user may see them: every question passes the check of runs.

Who may use a project may use what was made in it. Absent and forbidden look alike.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from wandb_server.errors import NotAllowed, NotFound
from wandb_server.model.accounts import User
from wandb_server.model.artifacts import (
    Alias,
    ArtifactType,
    Collection,
    Manifest,
    Membership,
    NewManifest,
    NewVersion,
    Page,
    Paging,
    ProjectPlace,
    Version,
    VersionEdit,
    WantedFile,
)
from wandb_server.model.runs import Run
from wandb_server.operations.artifact_changes import AliasPlace
from wandb_server.operations.artifacts import Artifacts
from wandb_server.project_rules import refusal

Allowed = Callable[[ProjectPlace], Awaitable[bool]]


class PrivateArtifacts:
    """What `user` may read and write of `artifacts`. Cheap: one per request."""

    def __init__(
        self, artifacts: Artifacts, user: User, may_read: Allowed, may_write: Allowed
    ) -> None:
        self.user = user
        self._all = artifacts
        self._may_read = may_read
        self._may_write = may_write

    # reading ------------------------------------------------------------------------
    async def version(self, artifact_id: int | None) -> Version | None:
        """None if absent or somebody else's."""
        if artifact_id is None:
            return None
        found = await self._all.version(artifact_id)
        return (
            found if found is not None and await self._may_read(found.place) else None
        )

    async def membership(self, place: ProjectPlace, name: str) -> Membership | None:
        """By `collection:alias`; None if absent or somebody else's."""
        if not await self._may_read(place):
            return None
        found = await self._all.membership(place, name)
        if found is None or not await self._may_read(found.version.place):
            return None
        return found

    async def member(self, collection: Collection, alias: str) -> Membership | None:
        """By alias within a collection that was found through this class.

        None if absent, or a link to a version of somebody else.
        """
        found = await self._all.member(collection.id, alias)
        if found is None or not await self._may_read(found.version.place):
            return None
        return found

    async def seen_aliases(self, version: Version) -> list[Alias]:
        """Those in collections that may be seen."""
        places = {alias.collection.place for alias in version.aliases}
        seen = {place for place in places if await self._may_read(place)}
        return [alias for alias in version.aliases if alias.collection.place in seen]

    async def members(self, paging: Paging, **of: Any) -> Page[Membership]:
        """See `Artifacts.memberships`: those that may be seen, with their versions."""
        page = await self._all.memberships(paging, **of)
        places = {
            place
            for member in page.items
            for place in (member.collection.place, member.version.place)
        }
        seen = {place for place in places if await self._may_read(place)}
        kept = [
            (member, cursor)
            for member, cursor in zip(page.items, page.cursors, strict=True)
            if {member.collection.place, member.version.place} <= seen
        ]
        return Page(
            tuple(member for member, _ in kept),
            tuple(cursor for _, cursor in kept),
            page.has_next,
            page.total,
        )

    async def collection(self, collection_id: int | None) -> Collection | None:
        """None if absent or somebody else's."""
        if collection_id is None:
            return None
        found = await self._all.collection(collection_id)
        return (
            found if found is not None and await self._may_read(found.place) else None
        )

    async def collection_named(
        self, place: ProjectPlace, name: str
    ) -> Collection | None:
        """None if absent or somebody else's."""
        if not await self._may_read(place):
            return None
        return await self._all.collection_named(place, name)

    async def types(self, place: ProjectPlace) -> Sequence[ArtifactType]:
        """None of somebody else's."""
        return await self._all.types(place) if await self._may_read(place) else ()

    async def type_named(self, place: ProjectPlace, name: str) -> ArtifactType | None:
        """None if absent or somebody else's."""
        if not await self._may_read(place):
            return None
        return await self._all.type_named(place, name)

    async def versions_of_run(
        self, run: Run, direction: str, paging: Paging
    ) -> Page[Version]:
        """What a run that was found made or used, as far as it may be seen."""
        found = await self._all.versions_of_run(run, direction, paging)
        seen = [
            (version, cursor)
            for version, cursor in zip(found.items, found.cursors, strict=True)
            if await self._may_read(version.place)
        ]
        return Page(
            tuple(version for version, _ in seen),
            tuple(cursor for _, cursor in seen),
            found.has_next,
            found.total,
        )

    async def users_of(self, version: Version) -> Sequence[Run]:
        """Runs that used it, as far as they may be seen."""
        found = await self._all.runs_of_version(version.id, "input")
        return [run for run in found if await self._may_read(_place_of(run))]

    async def creator_of(self, version: Version) -> Run | None:
        """The run that made it, if it may be seen."""
        run = await self._all.creator(version)
        return run if run is not None and await self._may_read(_place_of(run)) else None

    async def of_client_id(
        self, client_id: str
    ) -> tuple[Version | None, Collection | None]:
        """The version or sequence that a client named so, if it may be seen."""
        version, collection = await self._all.of_client_id(client_id)
        if version is not None and not await self._may_read(version.place):
            version = None
        if collection is not None and not await self._may_read(collection.place):
            collection = None
        return version, collection

    @property
    def found(self) -> Artifacts:
        """For questions about what was found through this class."""
        return self._all

    # writing ------------------------------------------------------------------------
    async def create_version(self, new: NewVersion) -> Version:
        """See `Artifacts.create_version`."""
        await self._require(new.place)
        return await self._all.create_version(new, self.user)

    async def announce_manifest(self, new: NewManifest) -> Manifest:
        """See `Artifacts.announce_manifest`."""
        await self.writable(new.artifact_id)
        if new.base_artifact_id is not None:
            base = await self.version(new.base_artifact_id)
            new = new if base is not None else replace(new, base_artifact_id=None)
        return await self._all.announce_manifest(new)

    async def change_manifest(
        self, manifest_id: int, digest: str | None, base_artifact_id: int | None
    ) -> Manifest:
        """See `Artifacts.change_manifest`."""
        found = await self._all.manifest(manifest_id)
        await self.writable(None if found is None else found.artifact_id)
        if (
            base_artifact_id is not None
            and await self.version(base_artifact_id) is None
        ):
            base_artifact_id = None
        return await self._all.change_manifest(manifest_id, digest, base_artifact_id)

    async def want_files(
        self, artifact_id: int, files: Sequence[WantedFile]
    ) -> list[bool]:
        """See `Artifacts.want_files`."""
        await self.writable(artifact_id)
        return await self._all.want_files(artifact_id, files)

    async def commit_version(self, artifact_id: int) -> Version:
        """See `Artifacts.commit_version`."""
        await self.writable(artifact_id)
        return await self._all.commit_version(artifact_id)

    async def edit_version(self, artifact_id: int, edit: VersionEdit) -> Version:
        """See `Artifacts.edit_version`."""
        await self.writable(artifact_id)
        return await self._all.edit_version(artifact_id, edit)

    async def use_version(
        self, artifact_id: int, run: Run, used_as: str | None
    ) -> Version:
        """The version may be anybody's that may be read, the run must be one's own."""
        await self._require(_place_of(run))
        if await self.version(artifact_id) is None:
            raise NotFound("artifact", str(artifact_id))
        return await self._all.use_version(artifact_id, run, used_as)

    async def delete_version(self, artifact_id: int, *, with_aliases: bool) -> int:
        """Bytes freed."""
        await self.writable(artifact_id)
        return await self._all.delete_version(artifact_id, with_aliases=with_aliases)

    async def delete_of_run(self, run: Run) -> int:
        """Delete what the run made; bytes freed."""
        await self._require(_place_of(run))
        return await self._all.delete_of_run(run.id)

    async def add_aliases(
        self, artifact_id: int, aliases: Sequence[AliasPlace]
    ) -> None:
        """See `Artifacts.add_aliases`."""
        await self._require_aliases(artifact_id, aliases)
        await self._all.add_aliases(artifact_id, aliases)

    async def delete_aliases(
        self, artifact_id: int, aliases: Sequence[AliasPlace]
    ) -> None:
        """See `Artifacts.delete_aliases`."""
        await self._require_aliases(artifact_id, aliases)
        await self._all.delete_aliases(artifact_id, aliases)

    async def link(
        self,
        artifact_id: int,
        place: ProjectPlace,
        portfolio: str,
        aliases: Sequence[str],
    ) -> Membership:
        """The version must be readable, the place writable."""
        await self._require(place)
        if await self.version(artifact_id) is None:
            raise NotFound("artifact", str(artifact_id))
        return await self._all.link(artifact_id, place, portfolio, aliases)

    async def unlink(self, artifact_id: int, collection_id: int) -> bool:
        """See `Artifacts.unlink`."""
        await self.writable_collection(collection_id)
        return await self._all.unlink(artifact_id, collection_id)

    async def create_portfolio(
        self, place: ProjectPlace, name: str, type_name: str, description: str | None
    ) -> Collection:
        """See `Artifacts.create_portfolio`."""
        await self._require(place)
        return await self._all.create_portfolio(place, name, type_name, description)

    # checks -------------------------------------------------------------------------
    async def writable(self, artifact_id: int | None) -> Version:
        """The version.

        Raises:
            NotFound: it is absent, or may not be seen.
            NotAllowed: it may be seen, not changed.
        """
        found = await self.version(artifact_id)
        if found is None:
            raise NotFound("artifact", str(artifact_id))
        await self._require(found.place)
        return found

    async def writable_collection(self, collection_id: int | None) -> Collection:
        """The collection; raises like `writable`."""
        found = await self.collection(collection_id)
        if found is None:
            raise NotFound("artifact collection", str(collection_id))
        await self._require(found.place)
        return found

    async def _require_aliases(
        self, artifact_id: int, aliases: Sequence[AliasPlace]
    ) -> None:
        version = await self.version(artifact_id)
        if version is None:
            raise NotFound("artifact", str(artifact_id))
        for alias in aliases:
            await self._require(alias.place or version.place)

    async def _require(self, place: ProjectPlace) -> None:
        if not await self._may_write(place):
            raise NotAllowed(refusal(place.entity, place.project))


def _place_of(run: Run) -> ProjectPlace:
    return ProjectPlace(run.entity, run.project)
