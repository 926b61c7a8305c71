"""What runs call attention to."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from wandb_server.ingest.values import clean_text
from wandb_server.model.notices import Alert
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run
from wandb_server.operations.stores import Operations
from wandb_server.storage import alerts

ALERTS_PER_RUN_MAX = 1_000
"""Beyond, a run's oldest go."""
TITLE_CHARACTERS_MAX = 1_000
TEXT_CHARACTERS_MAX = 64_000


class Alerts(Operations):
    """Written by runs, read by pages."""

    async def add_alert(self, run: Run, title: str, text: str, severity: str) -> None:
        """Keep it with the run; what is too long is cut."""
        told = (
            clean_text(title)[:TITLE_CHARACTERS_MAX],
            clean_text(text)[:TEXT_CHARACTERS_MAX],
            severity,
        )
        now = self._stores.clock()
        await self._stores.database.write(
            lambda db: alerts.write_alert(db, run.id, told, now, ALERTS_PER_RUN_MAX)
        )

    async def alerts_of_run(self, run: Run) -> Sequence[Alert]:
        """Oldest first."""
        found = await self._stores.database.read(
            lambda db: alerts.alerts_of_run(db, run.id)
        )
        return [_alert(row) for row in found]

    async def alerts_of_project(self, project: Project, count: int) -> Sequence[Alert]:
        """The newest, newest first."""
        found = await self._stores.database.read(
            lambda db: alerts.alerts_of_project(db, project.id, count)
        )
        return [_alert(row) for row in found]


def _alert(row: RowMapping) -> Alert:
    return Alert(
        id=row["id"],
        entity=row["entity"],
        project=row["project"],
        run=row["run"],
        title=row["title"],
        text=row["text"],
        severity=row["severity"],
        created_at=row["created_at"],
    )
