"""The archive as one user may see it; `project_rules` says who may what.

Reading what may not be seen is answered as if it did not exist, so that names cannot
be guessed; writing there, or where one may only read, raises `NotAllowed`. `graphql`
and `api` reach runs and projects through this class only.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wandb_server.errors import NotAllowed
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.artifacts import ProjectPlace
from wandb_server.model.file_stream import FileStreamAnswer, FileStreamPost
from wandb_server.model.history import LostRows, MetricKey, Series, SeriesQuery
from wandb_server.model.notices import Alert, Change
from wandb_server.model.people import AccessRule, ProjectAccess
from wandb_server.model.projects import Project
from wandb_server.model.run_questions import GroupQuery, RunGroup, RunPage, RunQuery
from wandb_server.model.runs import Run, RunUpsert
from wandb_server.private_artifacts import PrivateArtifacts
from wandb_server.private_people import PrivatePeople
from wandb_server.private_sweeps import PrivateSweeps
from wandb_server.project_rules import ProjectRules, refusal

EMPTY_PAGE = RunPage(runs=(), cursors=(), total=0, has_next=False)


class PrivateArchive:
    """What `user` may read and write of `archive`. Cheap: one per request."""

    def __init__(self, archive: Archive, user: User, *, sees_all: bool = False) -> None:
        self.user = user
        self.rules = ProjectRules(archive, user, sees_all=sees_all)
        self.people = PrivatePeople(archive, self.rules)
        self._archive = archive

    def entity(self, asked: str | None) -> str:
        """The entity meant: the user's own where none is given."""
        return asked or self.user.entity

    # projects ----------------------------------------------------------------------
    async def projects(self, entity: str) -> Sequence[Project]:
        """Those of the entity that may be looked into."""
        if entity == "":
            return ()
        found = await self._archive.projects(entity)
        seen = await self.rules.readable(entity, [project.name for project in found])
        return [project for project in found if project.name in seen]

    async def project(self, entity: str, name: str) -> Project | None:
        """None if absent or somebody else's."""
        if not await self.rules.may_read(entity, name):
            return None
        return await self._archive.project(entity, name)

    async def create_project(self, entity: str, name: str) -> tuple[Project, bool]:
        """(project, whether it is new)."""
        await self._require(entity, name)
        return await self._archive.create_project(entity, name)

    async def set_access(
        self, project: Project, access: ProjectAccess, *, made: bool = False
    ) -> None:
        """Say who may come to a project that was found through this class.

        Who made it just now says it, like its owner.

        Raises:
            NotAllowed: the user may not say that.
        """
        may = made or await self.rules.may_set(project.entity, project.name)
        if not may:
            raise NotAllowed(
                f"Only the owner of project {project.entity}/{project.name}, or an "
                "admin of its team, says who may come to it."
            )
        rule = AccessRule(access, self.user.id)
        await self._archive.people.set_rule(project.entity, project.name, rule)
        self.rules.forget()

    async def bytes_of_project(self, project: Project) -> int:
        """What a project takes that was found through this class."""
        return await self._archive.bytes_of_project(project)

    async def storage_bytes(self, entity: str) -> int:
        """What an entity takes that one belongs to; 0 of another."""
        if not (self.rules.belongs_to(entity) or self.rules.sees_all):
            return 0
        return await self._archive.bytes_of_entity(entity)

    # runs ---------------------------------------------------------------------------
    async def run(self, entity: str, project: str, name: str) -> Run | None:
        """None if absent or somebody else's."""
        if not await self.rules.may_read(entity, project):
            return None
        return await self._archive.run(entity, project, name)

    async def run_by_storage_id(self, storage_id: str) -> Run | None:
        """None if absent or somebody else's."""
        run = await self._archive.run_by_storage_id(storage_id)
        if run is None or not await self.rules.may_read(run.entity, run.project):
            return None
        return run

    async def query_runs(self, query: RunQuery) -> RunPage:
        """An empty page for another entity."""
        if not await self.rules.may_read(query.entity, query.project):
            return EMPTY_PAGE
        return await self._archive.query_runs(query)

    async def count_runs(
        self, entity: str, project: str, filters: Mapping[str, Any]
    ) -> int:
        """0 for another entity."""
        if not await self.rules.may_read(entity, project):
            return 0
        return await self._archive.count_runs(entity, project, filters)

    async def upsert_run(self, upsert: RunUpsert) -> tuple[Run, bool]:
        """Create or update; a run found by storage id stays in its own project."""
        if upsert.storage_id:
            known = await self.run_by_storage_id(upsert.storage_id)
            if known is None:
                raise NotAllowed("There is no such run, or it is not yours.")
            upsert = replace(upsert, entity=known.entity, project=known.project)
        await self._require(upsert.entity, upsert.project)
        return await self._archive.upsert_run(upsert, self.user)

    async def delete_run(self, storage_id: str) -> int | None:
        """Bytes freed, None if absent or somebody else's."""
        if await self._writable(storage_id) is None:
            return None
        return await self._archive.delete_run(storage_id)

    async def remove_runs(self, storage_ids: Sequence[str]) -> tuple[int, int]:
        """(how many were hidden, bytes); those of somebody else are left alone."""
        mine = [one for one in storage_ids if await self._is_writable(one)]
        return await self._archive.remove_runs(mine)

    async def restore_runs(self, storage_ids: Sequence[str]) -> int:
        """How many are back; those of somebody else are left alone."""
        mine = []
        for one in storage_ids:
            found = await self._archive.removed_runs([one])
            if not found:
                continue
            if await self.rules.may_write(found[0].entity, found[0].project):
                mine.append(one)
        return await self._archive.restore_runs(mine)

    async def run_groups(self, query: GroupQuery) -> Sequence[RunGroup]:
        """None of another entity."""
        if not await self.rules.may_read(query.entity, query.project):
            return ()
        return await self._archive.run_groups(query)

    async def run_columns(self, entity: str, project: str) -> Sequence[Any]:
        """Config and summary keys of the project; none of another entity."""
        if not await self.rules.may_read(entity, project):
            return ()
        return await self._archive.run_columns(entity, project)

    async def alerts_of_project(self, project: Project, count: int) -> Sequence[Alert]:
        """The newest; the project was found through this class."""
        if not await self.rules.may_read(project.entity, project.name):
            return ()
        return await self._archive.alerts_of_project(project, count)

    async def rewind_run(
        self, entity: str, project: str, name: str, step: int
    ) -> Run | None:
        """None if absent or somebody else's."""
        if await self.run(entity, project, name) is None:
            return None
        await self._require(entity, project)
        return await self._archive.rewind_run(entity, project, name, step)

    async def set_run_state(self, storage_id: str, state: str) -> bool:
        """False if absent or somebody else's."""
        if await self._writable(storage_id) is None:
            return False
        return await self._archive.set_run_state(storage_id, state)

    async def request_stop(self, storage_id: str) -> bool:
        """False if absent or somebody else's."""
        if await self._writable(storage_id) is None:
            return False
        return await self._archive.request_stop(storage_id)

    async def post_file_stream(
        self, entity: str, project: str, run: str, post: FileStreamPost
    ) -> FileStreamAnswer | None:
        """None if there is no such run, or it is somebody else's."""
        if not await self.rules.may_write(entity, project):
            if await self.run(entity, project, run) is None:
                return None
            raise NotAllowed(refusal(entity, project))
        return await self._archive.post_file_stream(entity, project, run, post)

    # charts -----------------------------------------------------------------------
    async def metric_keys(
        self, entity: str, project: str, runs: Sequence[str], stream: str = "history"
    ) -> Sequence[MetricKey]:
        """Union over these runs (all if empty)."""
        if not await self.rules.may_read(entity, project):
            return ()
        return await self._archive.project_metric_keys(entity, project, runs, stream)

    async def series(self, query: SeriesQuery) -> Sequence[Series]:
        """None of another entity."""
        if not await self.rules.may_read(query.entity, query.project):
            return ()
        return await self._archive.series(query)

    async def lost_rows(
        self, entity: str, project: str, runs: Sequence[str]
    ) -> Mapping[str, Sequence[LostRows]]:
        """None of another entity."""
        if not await self.rules.may_read(entity, project):
            return {}
        return await self._archive.lost_rows(entity, project, runs)

    async def subscribe(
        self, entity: str, project: str
    ) -> AsyncIterator[Change] | None:
        """Changes from now on; None for another entity."""
        if not await self.rules.may_read(entity, project):
            return None
        return self._archive.subscribe(entity, project)

    @property
    def artifacts(self) -> PrivateArtifacts:
        """Artifacts as this user may see them."""

        async def may_read(place: ProjectPlace) -> bool:
            return await self.rules.may_read(place.entity, place.project)

        async def may_write(place: ProjectPlace) -> bool:
            return await self.rules.may_write(place.entity, place.project)

        return PrivateArtifacts(self._archive.artifacts, self.user, may_read, may_write)

    @property
    def sweeps(self) -> PrivateSweeps:
        """Sweeps as this user may see them."""
        return PrivateSweeps(self._archive.sweeps, self.rules)

    def of(self, run: Run) -> Archive:
        """The archive, for reading what belongs to a run found through this class."""
        assert run.entity != "", "a removed run is found by nobody"
        return self._archive

    async def writer_of(self, run: Run) -> Archive:
        """The archive, for changing what belongs to a run found through this class.

        Raises:
            NotAllowed: the user may only look into its project.
        """
        await self._require(run.entity, run.project)
        return self._archive

    async def _writable(self, storage_id: str) -> Run | None:
        run = await self.run_by_storage_id(storage_id)
        if run is not None:
            await self._require(run.entity, run.project)
        return run

    async def _is_writable(self, storage_id: str) -> bool:
        run = await self.run_by_storage_id(storage_id)
        return run is not None and await self.rules.may_write(run.entity, run.project)

    async def _require(self, entity: str, project: str) -> None:
        if not await self.rules.may_write(entity, project):
            raise NotAllowed(refusal(entity, project))
