"""Projects."""

from collections.abc import Sequence

from wandb_server.ingest.values import clean_text
from wandb_server.model.projects import Project
from wandb_server.operations.run_limits import check_name
from wandb_server.operations.stores import Operations
from wandb_server.storage import projects


class Projects(Operations):
    """What an entity has."""

    async def projects(self, entity: str) -> Sequence[Project]:
        """Newest activity first."""
        return await self._stores.database.read(
            lambda db: projects.list_projects(db, clean_text(entity))
        )

    async def project(self, entity: str, name: str) -> Project | None:
        """None if there is none."""
        found = await self._stores.database.read(
            lambda db: projects.list_projects(db, clean_text(entity), clean_text(name))
        )
        return found[0] if found else None

    async def create_project(self, entity: str, name: str) -> tuple[Project, bool]:
        """(project, made just now).

        Raises:
            QueryError: the name is too long.
        """
        check_name(name, "project")
        now = self._stores.clock()
        entity, name = clean_text(entity), clean_text(name)
        _, made = await self._stores.database.write(
            lambda db: projects.create_project(db, entity, name, now)
        )
        found = await self.project(entity, name)
        assert found is not None
        return found, made
