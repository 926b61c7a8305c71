"""What time does to runs."""

from sqlalchemy import Connection, select, update

from wandb_server.model.runs import Run
from wandb_server.operations.changes import Subscription
from wandb_server.operations.stores import Operations
from wandb_server.operations.sweeps.sweeps import Sweeps
from wandb_server.storage import runs
from wandb_server.storage.schema import runs as runs_table

RUNS_PER_CHECK = 1_000


class Life(Operations):
    """Changes for pages, and runs that fell silent."""

    def subscribe(self, entity: str, project: str) -> Subscription:
        """Changes from now on; the latest per run, until `aclose`."""
        return self._stores.feed.subscribe(entity, project)

    async def mark_crashed(self, now: float, heartbeat_timeout_s: float) -> int:
        """Silent running runs become crashed (or preempted); how many."""
        silent_since = now - heartbeat_timeout_s

        def change(db: Connection) -> list[Run]:
            silent = select(runs_table.c.id, runs_table.c.state).where(
                runs_table.c.state.in_(("running", "preempting")),
                runs_table.c.heartbeat_at < silent_since,
            )
            found = db.execute(silent.limit(RUNS_PER_CHECK)).all()
            for row in found:
                ended = "preempted" if row.state == "preempting" else "crashed"
                db.execute(
                    update(runs_table)
                    .where(runs_table.c.id == row.id)
                    .values(state=ended, finished_at=runs_table.c.heartbeat_at)
                )
            return runs.read_runs(db, [row.id for row in found])

        changed = await self._stores.database.write(change)
        for run in changed:
            self._announce(run)
        await Sweeps(self._stores).keep_up(now)
        return len(changed)
