"""Bytes that runs, projects and entities take, and numbers for operators."""

from wandb_server.ingest.values import clean_text
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run
from wandb_server.model.store_measures import StoreMeasures
from wandb_server.operations.stores import Operations
from wandb_server.storage import removal, storage_use


class StorageUse(Operations):
    """What is stored, in numbers."""

    async def bytes_of_run(self, run: Run) -> int:
        """Rows, files and texts: what deleting the run frees."""
        return await self._stores.database.read(
            lambda db: removal.bytes_of_run(db, run.id)
        )

    async def bytes_of_project(self, project: Project) -> int:
        """Its runs, and the artifacts that it holds; a blob counts once."""
        return await self._stores.database.read(
            lambda db: storage_use.bytes_of_project(db, project.id)
        )

    async def bytes_of_entity(self, entity: str) -> int:
        """All its projects and artifacts."""
        return await self._stores.database.read(
            lambda db: storage_use.bytes_of_entity(db, clean_text(entity))
        )

    async def store_measures(self) -> StoreMeasures:
        """Numbers for operators; reads whole tables."""
        database = self._stores.database
        waiting = database.waiting_count
        return await database.read(lambda db: storage_use.store_measures(db, waiting))
