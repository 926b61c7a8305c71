"""Columns for tables of runs."""

import time
from collections.abc import Sequence

from wandb_server.ingest.values import clean_text, values_of
from wandb_server.operations.stores import Operations
from wandb_server.storage import listing
from wandb_server.storage.run_columns import RunColumn, columns_of_runs
from wandb_server.storage.values import any_stale, refresh_values


class RunColumns(Operations):
    """What can be shown, sorted by and filtered by."""

    async def run_columns(self, entity: str, project: str) -> Sequence[RunColumn]:
        """Config and summary keys of the project's runs; none without the project."""
        database = self._stores.database
        project_id = await database.read(
            lambda db: listing.project_of(db, clean_text(entity), clean_text(project))
        )
        if project_id is None:
            return ()
        known = self._stores.columns.get(project_id)
        if known is not None:
            return known
        began = time.monotonic()
        while await database.read(lambda db: any_stale(db, project_id)):
            await database.write(lambda db: refresh_values(db, project_id, values_of))
        found = await database.read(lambda db: columns_of_runs(db, project_id))
        self._stores.columns.keep(project_id, found, time.monotonic() - began)
        return found
