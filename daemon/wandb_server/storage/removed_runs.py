"""Runs that people deleted a moment ago, and may want back.

```
runs ── remove ──► hidden project, named by id ── restore ──► where it was
                        └── after the grace time: purged like any deleted run
```

The hidden project belongs to the entity "", which nobody is: so no question anywhere
has to know that a run is about to go, and its name is free for a new run at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from wandb_server.storage.database import in_pieces
from wandb_server.storage.projects import create_project
from wandb_server.storage.schema import projects, removed_runs, runs

HIDDEN_ENTITY = ""
HIDDEN_PROJECT = "removed"
PURGED_PER_SWEEP = 100


@dataclass(frozen=True, slots=True)
class RemovedRun:
    """Where a removed run was."""

    run_id: int
    entity: str
    project: str
    name: str


def hide_run(connection: Connection, run_id: int, now: float) -> bool:
    """Take the run out of its project; False if it is absent or hidden already."""
    found = connection.execute(
        select(runs.c.project_id, runs.c.name).where(runs.c.id == run_id)
    ).first()
    if found is None:
        return False
    hidden, _ = create_project(connection, HIDDEN_ENTITY, HIDDEN_PROJECT, now)
    if found.project_id == hidden:
        return False
    connection.execute(
        insert(removed_runs).values(
            run_id=run_id,
            project_id=found.project_id,
            name=found.name,
            removed_at=now,
        )
    )
    _place(connection, run_id, hidden, str(run_id))
    return True


def show_run(connection: Connection, run_id: int) -> bool:
    """Put it back; False if it is gone, or a new run took its name meanwhile."""
    found = connection.execute(
        select(removed_runs).where(removed_runs.c.run_id == run_id)
    ).first()
    if found is None:
        return False
    taken = select(runs.c.id).where(
        runs.c.project_id == found.project_id, runs.c.name == found.name
    )
    if connection.execute(taken).first() is not None:
        return False
    connection.execute(delete(removed_runs).where(removed_runs.c.run_id == run_id))
    _place(connection, run_id, found.project_id, found.name)
    return True


def find_removed(connection: Connection, run_ids: Sequence[int]) -> list[RemovedRun]:
    """Those of the runs that may still be put back."""
    found: list[RemovedRun] = []
    for piece in in_pieces(run_ids):
        statement = (
            select(
                removed_runs.c.run_id,
                projects.c.entity,
                projects.c.name.label("project"),
                removed_runs.c.name,
            )
            .join(projects, projects.c.id == removed_runs.c.project_id)
            .where(removed_runs.c.run_id.in_(piece))
        )
        rows = connection.execute(statement)
        found.extend(RemovedRun(r.run_id, r.entity, r.project, r.name) for r in rows)
    return found


def due_for_purging(connection: Connection, before: float) -> list[int]:
    """Runs removed before that time, some of them."""
    old = select(removed_runs.c.run_id).where(removed_runs.c.removed_at < before)
    return list(connection.scalars(old.limit(PURGED_PER_SWEEP)))


def forget_removed(connection: Connection, run_id: int) -> None:
    """The run is purged."""
    connection.execute(delete(removed_runs).where(removed_runs.c.run_id == run_id))


def _place(connection: Connection, run_id: int, project_id: int, name: str) -> None:
    connection.execute(
        update(runs).where(runs.c.id == run_id).values(project_id=project_id, name=name)
    )
