"""The archive as one user may see it: the only place where entities are compared.

Reading what belongs to somebody else is answered as if it did not exist, so that names
cannot be guessed; writing there raises `NotAllowed`. `graphql` and `api` reach runs and
projects through this class only.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wandb_server.artifact_model import ProjectPlace
from wandb_server.errors import NotAllowed
from wandb_server.model import (
    Alert,
    Archive,
    Change,
    FileStreamAnswer,
    FileStreamPost,
    GroupQuery,
    MetricKey,
    Project,
    Run,
    RunGroup,
    RunPage,
    RunQuery,
    RunUpsert,
    Series,
    SeriesQuery,
    User,
)
from wandb_server.private_artifacts import PrivateArtifacts

EMPTY_PAGE = RunPage(runs=(), cursors=(), total=0, has_next=False)


class PrivateArchive:
    """What `user` may read and write of `archive`. Cheap: one per request."""

    def __init__(self, archive: Archive, user: User) -> None:
        self.user = user
        self._archive = archive

    def entity(self, asked: str | None) -> str:
        """The entity meant: the user's own where none is given."""
        return asked or self.user.name

    def may_use(self, entity: str) -> bool:
        """The one comparison: projects belong to the user of the same name."""
        return entity == self.user.name

    # projects ----------------------------------------------------------------------
    async def projects(self, entity: str) -> Sequence[Project]:
        """The user's projects; none of another entity."""
        return await self._archive.projects(entity) if self.may_use(entity) else ()

    async def project(self, entity: str, name: str) -> Project | None:
        """None if absent or somebody else's."""
        if not self.may_use(entity):
            return None
        return await self._archive.project(entity, name)

    async def create_project(self, entity: str, name: str) -> tuple[Project, bool]:
        """(project, whether it is new)."""
        self._require(entity)
        return await self._archive.create_project(entity, name)

    # runs ---------------------------------------------------------------------------
    async def run(self, entity: str, project: str, name: str) -> Run | None:
        """None if absent or somebody else's."""
        if not self.may_use(entity):
            return None
        return await self._archive.run(entity, project, name)

    async def run_by_storage_id(self, storage_id: str) -> Run | None:
        """None if absent or somebody else's."""
        run = await self._archive.run_by_storage_id(storage_id)
        return run if run is not None and self.may_use(run.entity) else None

    async def query_runs(self, query: RunQuery) -> RunPage:
        """An empty page for another entity."""
        if not self.may_use(query.entity):
            return EMPTY_PAGE
        return await self._archive.query_runs(query)

    async def count_runs(
        self, entity: str, project: str, filters: Mapping[str, Any]
    ) -> int:
        """0 for another entity."""
        if not self.may_use(entity):
            return 0
        return await self._archive.count_runs(entity, project, filters)

    async def upsert_run(self, upsert: RunUpsert) -> tuple[Run, bool]:
        """Create or update; a run found by storage id stays in its own project."""
        if upsert.storage_id:
            known = await self.run_by_storage_id(upsert.storage_id)
            if known is None:
                raise NotAllowed("There is no such run, or it is not yours.")
            upsert = replace(upsert, entity=known.entity, project=known.project)
        self._require(upsert.entity)
        return await self._archive.upsert_run(upsert, self.user)

    async def delete_run(self, storage_id: str) -> int | None:
        """Bytes freed, None if absent or somebody else's."""
        if await self.run_by_storage_id(storage_id) is None:
            return None
        return await self._archive.delete_run(storage_id)

    async def remove_runs(self, storage_ids: Sequence[str]) -> tuple[int, int]:
        """(how many were hidden, bytes); those of somebody else are left alone."""
        mine = [one for one in storage_ids if await self.run_by_storage_id(one)]
        return await self._archive.remove_runs(mine)

    async def restore_runs(self, storage_ids: Sequence[str]) -> int:
        """How many are back; those of somebody else are left alone."""
        mine = []
        for one in storage_ids:
            found = await self._archive.removed_runs([one])
            if found and self.may_use(found[0].entity):
                mine.append(one)
        return await self._archive.restore_runs(mine)

    async def run_groups(self, query: GroupQuery) -> Sequence[RunGroup]:
        """None of another entity."""
        if not self.may_use(query.entity):
            return ()
        return await self._archive.run_groups(query)

    async def run_columns(self, entity: str, project: str) -> Sequence[Any]:
        """Config and summary keys of the project; none of another entity."""
        if not self.may_use(entity):
            return ()
        return await self._archive.run_columns(entity, project)

    async def alerts_of_project(self, project: Project, count: int) -> Sequence[Alert]:
        """The newest; the project was found through this class."""
        self._require(project.entity)
        return await self._archive.alerts_of_project(project, count)

    async def rewind_run(
        self, entity: str, project: str, name: str, step: int
    ) -> Run | None:
        """None if absent or somebody else's."""
        if await self.run(entity, project, name) is None:
            return None
        self._require(entity)
        return await self._archive.rewind_run(entity, project, name, step)

    async def set_run_state(self, storage_id: str, state: str) -> bool:
        """False if absent or somebody else's."""
        if await self.run_by_storage_id(storage_id) is None:
            return False
        return await self._archive.set_run_state(storage_id, state)

    async def request_stop(self, storage_id: str) -> bool:
        """False if absent or somebody else's."""
        if await self.run_by_storage_id(storage_id) is None:
            return False
        return await self._archive.request_stop(storage_id)

    async def post_file_stream(
        self, entity: str, project: str, run: str, post: FileStreamPost
    ) -> FileStreamAnswer | None:
        """None if there is no such run, or it is somebody else's."""
        if not self.may_use(entity):
            return None
        return await self._archive.post_file_stream(entity, project, run, post)

    # charts -----------------------------------------------------------------------
    async def metric_keys(
        self, entity: str, project: str, runs: Sequence[str], stream: str = "history"
    ) -> Sequence[MetricKey]:
        """Union over these runs (all if empty)."""
        if not self.may_use(entity):
            return ()
        return await self._archive.project_metric_keys(entity, project, runs, stream)

    async def series(self, query: SeriesQuery) -> Sequence[Series]:
        """None of another entity."""
        return await self._archive.series(query) if self.may_use(query.entity) else ()

    def subscribe(self, entity: str, project: str) -> AsyncIterator[Change] | None:
        """Changes from now on; None for another entity."""
        if not self.may_use(entity):
            return None
        return self._archive.subscribe(entity, project)

    @property
    def artifacts(self) -> PrivateArtifacts:
        """Artifacts as this user may see them."""

        def may_use(place: ProjectPlace) -> bool:
            return self.may_use(place.entity)

        return PrivateArtifacts(self._archive.artifacts, self.user, may_use, may_use)

    def of(self, run: Run) -> Archive:
        """The archive for questions about a run that was found through this class."""
        self._require(run.entity)
        return self._archive

    def _require(self, entity: str) -> None:
        if not self.may_use(entity):
            raise NotAllowed(f"You have no access to entity {entity!r}.")
