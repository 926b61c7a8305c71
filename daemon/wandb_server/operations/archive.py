"""The archive: every operation over the same stores."""

from wandb_server.operations.accounts import Accounts
from wandb_server.operations.alerts import Alerts
from wandb_server.operations.artifacts import Artifacts
from wandb_server.operations.branches import Branches
from wandb_server.operations.charts import Charts
from wandb_server.operations.compaction import Compaction
from wandb_server.operations.export import Exports
from wandb_server.operations.files import Files
from wandb_server.operations.history import History
from wandb_server.operations.history_parts import HistoryParts
from wandb_server.operations.life import Life
from wandb_server.operations.media_history import MediaHistory
from wandb_server.operations.people import People
from wandb_server.operations.projects import Projects
from wandb_server.operations.removed_runs import RemovedRuns
from wandb_server.operations.run_columns import RunColumns
from wandb_server.operations.storage_use import StorageUse
from wandb_server.operations.sweeps.sweeps import Sweeps


class StoredArchive(
    Accounts,
    Projects,
    Branches,
    History,
    HistoryParts,
    Charts,
    Exports,
    Files,
    Compaction,
    Life,
    MediaHistory,
    RemovedRuns,
    RunColumns,
    Alerts,
    StorageUse,
):
    """`Archive` over a database and an object store. Made by `open_archive`."""

    @property
    def artifacts(self) -> Artifacts:
        """Everything about artifacts."""
        return Artifacts(self._stores)

    @property
    def people(self) -> People:
        """Everything about users, teams and rules of projects."""
        return People(self._stores)

    @property
    def sweeps(self) -> Sweeps:
        """Everything about sweeps."""
        return Sweeps(self._stores)

    async def close(self) -> None:
        """End subscriptions, finish what was begun, let go of every file."""
        if self._stores.shared_changes is not None:
            await self._stores.shared_changes.close()
        await self._stores.feed.close()
        await self._stores.tables.close()
        await self._stores.database.close()
