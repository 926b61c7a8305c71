"""Sweeps, their runs and their agents as rows.

Whoever hands something out holds the sweep's row locked meanwhile.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from wandb_server.storage.database import locked
from wandb_server.storage.schema import projects, run_values, runs
from wandb_server.storage.sweep_schema import sweep_agents, sweep_runs, sweeps

UNENDED = ("running", "pending", "preempting")
"""States of runs that go on."""


# ---- sweeps --------------------------------------------------------------------------


def insert_sweep(connection: Connection, values: Mapping[str, Any]) -> int:
    """A new sweep that nothing was handed out of; its number."""
    empty = {"next_number": 0, "next_point": 0}
    made = connection.execute(insert(sweeps).values({**empty, **values}))
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def update_sweep(
    connection: Connection, sweep_id: int, values: Mapping[str, Any]
) -> None:
    """Set columns."""
    connection.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(values))


def lock_sweep(connection: Connection, sweep_id: int) -> RowMapping | None:
    """The row, kept from other writers until the end of the change."""
    statement = select(sweeps).where(sweeps.c.id == sweep_id)
    return connection.execute(locked(connection, statement, sweeps)).mappings().first()


def read_sweep(connection: Connection, sweep_id: int) -> RowMapping | None:
    """With the place of its project."""
    found = _placed().where(sweeps.c.id == sweep_id)
    return connection.execute(found).mappings().first()


def find_sweep(
    connection: Connection, entity: str, project: str, name: str
) -> RowMapping | None:
    """With the place of its project."""
    found = _placed().where(
        projects.c.entity == entity, projects.c.name == project, sweeps.c.name == name
    )
    return connection.execute(found).mappings().first()


def list_sweeps(
    connection: Connection, project_id: int, start: int, count: int
) -> Sequence[RowMapping]:
    """The newest first."""
    question = _placed().where(sweeps.c.project_id == project_id)
    question = question.order_by(sweeps.c.id.desc()).offset(start).limit(count)
    return connection.execute(question).mappings().all()


def count_sweeps(connection: Connection, project_id: int) -> int:
    """How many the project has."""
    counted = select(func.count()).where(sweeps.c.project_id == project_id)
    return int(connection.scalar(counted) or 0)


def going_sweeps(
    connection: Connection, state: str, since: float
) -> Sequence[RowMapping]:
    """Those in the state that an agent asked since then, with their places."""
    asked = (sweeps.c.state == state) & (sweeps.c.heartbeat_at >= since)
    return connection.execute(_placed().where(asked)).mappings().all()


def _placed() -> Select[Any]:
    joined = sweeps.join(projects, projects.c.id == sweeps.c.project_id)
    place = (projects.c.entity, projects.c.name.label("project"))
    return select(sweeps, *place).select_from(joined)


# ---- runs of a sweep -----------------------------------------------------------------


def count_members(connection: Connection, project_id: int, name: str) -> int:
    """Runs that say that they belong to it."""
    mine = (runs.c.project_id == project_id) & (runs.c.sweep == name)
    return int(connection.scalar(select(func.count()).where(mine)) or 0)


def best_value(
    connection: Connection, project_id: int, name: str, key: str, *, minimized: bool
) -> float | None:
    """The lowest or highest finite value of a summary key over its runs."""
    best = func.min if minimized else func.max
    joined = runs.join(run_values, run_values.c.run_id == runs.c.id)
    question = (
        select(best(run_values.c.number))
        .select_from(joined)
        .where(
            runs.c.project_id == project_id,
            runs.c.sweep == name,
            run_values.c.section == "summary",
            run_values.c.key == key,
            run_values.c.kind == "number",
        )
    )
    value = connection.scalar(question)
    return None if value is None or not math.isfinite(value) else float(value)


def stop_members(connection: Connection, project_id: int, name: str) -> None:
    """Whatever still runs is told so with its next post."""
    mine = (runs.c.project_id == project_id) & (runs.c.sweep == name)
    going = mine & runs.c.state.in_(UNENDED)
    connection.execute(update(runs).where(going).values(stop_requested=True))


def attach_run(connection: Connection, run_id: int, name: str) -> None:
    """Make a run one of the sweep's, unless it is another's."""
    free = (runs.c.id == run_id) & runs.c.sweep.is_(None)
    connection.execute(update(runs).where(free).values(sweep=name))


def kill_run(connection: Connection, run_id: int, now: float) -> None:
    """Its script was killed."""
    ended = {"state": "killed", "finished_at": now}
    connection.execute(update(runs).where(runs.c.id == run_id).values(ended))


def request_stop(connection: Connection, run_id: int) -> None:
    """The run's next post is answered with `stopped`."""
    connection.execute(
        update(runs).where(runs.c.id == run_id).values(stop_requested=True)
    )


# ---- agents --------------------------------------------------------------------------


def insert_agent(
    connection: Connection, sweep_id: int, host: str, user_name: str, now: float
) -> int:
    """A new agent; its number."""
    made = connection.execute(
        insert(sweep_agents).values(
            sweep_id=sweep_id,
            host=host,
            user_name=user_name,
            created_at=now,
            heartbeat_at=now,
            ended=False,
        )
    )
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def update_agent(
    connection: Connection, agent_id: int, values: Mapping[str, Any]
) -> None:
    """Set columns."""
    mine = sweep_agents.c.id == agent_id
    connection.execute(update(sweep_agents).where(mine).values(values))


def read_agents(
    connection: Connection, *, sweep_id: int | None = None, agent_id: int | None = None
) -> Sequence[RowMapping]:
    """Agents of a sweep, or the one, with their place and how many runs they got."""
    counted = (
        select(func.count())
        .where(sweep_runs.c.agent_id == sweep_agents.c.id)
        .correlate(sweep_agents)
        .scalar_subquery()
    )
    joined = sweep_agents.join(sweeps, sweeps.c.id == sweep_agents.c.sweep_id)
    joined = joined.join(projects, projects.c.id == sweeps.c.project_id)
    question = select(
        sweep_agents,
        projects.c.entity,
        projects.c.name.label("project"),
        sweeps.c.name.label("sweep"),
        counted.label("run_count"),
    ).select_from(joined)
    if sweep_id is not None:
        question = question.where(sweep_agents.c.sweep_id == sweep_id)
    if agent_id is not None:
        question = question.where(sweep_agents.c.id == agent_id)
    found = connection.execute(question.order_by(sweep_agents.c.id))
    return found.mappings().all()
