"""Sweeps as rows. Whoever hands something out holds the sweep's row locked meanwhile.

A row of `sweep_runs` is *live* while it takes a place: it was handed out a moment ago,
its run exists, or its script ended before any run began.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from wandb_server.storage.database import insert as insert_or
from wandb_server.storage.database import locked
from wandb_server.storage.schema import projects, run_values, runs
from wandb_server.storage.sweep_schema import (
    sweep_agents,
    sweep_rungs,
    sweep_runs,
    sweeps,
)

HANDED = "handed"
BEGUN = "begun"
FAILED = "failed"
LAPSED = "lapsed"
PRIOR = "prior"
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


def going_sweeps(connection: Connection, state: str) -> Sequence[int]:
    """Numbers of those in the state."""
    return connection.scalars(select(sweeps.c.id).where(sweeps.c.state == state)).all()


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


def run_name_is_free(connection: Connection, sweep: RowMapping, name: str) -> bool:
    """Whether no run of the project has the name, nor was handed it."""
    run = select(runs.c.id).where(
        runs.c.project_id == sweep["project_id"], runs.c.name == name
    )
    handed = select(sweep_runs.c.id).where(sweep_runs.c.name == name)
    return all(
        connection.execute(one.limit(1)).first() is None for one in (run, handed)
    )


# ---- what was handed out -------------------------------------------------------------


def insert_handed(connection: Connection, values: Mapping[str, Any]) -> None:
    """A place taken; a run that was added before is left as it is."""
    empty = {"told_count": 0, "reported": False, "stopping": False}
    statement = insert_or(connection, sweep_runs).values({**empty, **values})
    connection.execute(statement.on_conflict_do_nothing())


def update_handed(
    connection: Connection, handed_id: int, values: Mapping[str, Any]
) -> None:
    """Set columns."""
    mine = sweep_runs.c.id == handed_id
    connection.execute(update(sweep_runs).where(mine).values(values))


def unsettled(connection: Connection, sweep: RowMapping) -> Sequence[RowMapping]:
    """Handed out, or taken back, with what became of it; oldest first."""
    return _with_runs(connection, sweep, sweep_runs.c.state.in_((HANDED, LAPSED)))


def of_agent(
    connection: Connection, sweep: RowMapping, agent_id: int
) -> Sequence[RowMapping]:
    """What the agent was given and must end, or still has to begin."""
    mine = sweep_runs.c.agent_id == agent_id
    open_one = or_(sweep_runs.c.state == HANDED, sweep_runs.c.stopping.is_(True))
    return _with_runs(connection, sweep, mine & open_one)


def preempted(connection: Connection, sweep: RowMapping) -> RowMapping | None:
    """The oldest whose run was taken off its machine: it is to go on elsewhere."""
    mine = (sweep_runs.c.state == BEGUN) & (runs.c.state == "preempted")
    return next(iter(_with_runs(connection, sweep, mine, limit=1)), None)


def count_live(connection: Connection, sweep: RowMapping) -> int:
    """How many places are taken; runs from before take none."""
    mine = (sweep_runs.c.sweep_id == sweep["id"]) & (sweep_runs.c.state != PRIOR)
    live = mine & _is_live(sweep_runs, sweep)
    return int(connection.scalar(select(func.count()).where(live)) or 0)


def count_open(connection: Connection, sweep: RowMapping) -> int:
    """Handed out and not begun, or begun and not ended (preempted ones will go on)."""
    joined = _joined(sweep)
    going = runs.c.state.in_((*UNENDED, "preempted"))
    open_ones = or_(
        sweep_runs.c.state == HANDED, and_(sweep_runs.c.state == BEGUN, going)
    )
    mine = (sweep_runs.c.sweep_id == sweep["id"]) & open_ones
    question = select(func.count()).select_from(joined).where(mine)
    return int(connection.scalar(question) or 0)


def count_waiting(connection: Connection, sweep: RowMapping) -> int:
    """Handed out and not begun."""
    mine = sweep_runs.c.sweep_id == sweep["id"]
    waiting = mine & (sweep_runs.c.state == HANDED)
    return int(connection.scalar(select(func.count()).where(waiting)) or 0)


def freed_point(connection: Connection, sweep: RowMapping) -> int | None:
    """The lowest point of the grid that was handed out and is nobody's any more."""
    other = sweep_runs.alias()
    taken = exists().where(
        other.c.sweep_id == sweep["id"],
        other.c.point == sweep_runs.c.point,
        _is_live(other, sweep),
    )
    free = select(func.min(sweep_runs.c.point)).where(
        sweep_runs.c.sweep_id == sweep["id"],
        sweep_runs.c.point.is_not(None),
        ~_is_live(sweep_runs, sweep),
        ~taken,
    )
    point = connection.scalar(free)
    return None if point is None else int(point)


def point_is_taken(connection: Connection, sweep: RowMapping, point: int) -> bool:
    """Whether somebody has the point."""
    mine = (sweep_runs.c.sweep_id == sweep["id"]) & (sweep_runs.c.point == point)
    found = select(sweep_runs.c.id).where(mine & _is_live(sweep_runs, sweep)).limit(1)
    return connection.execute(found).first() is not None


def observed(
    connection: Connection, sweep: RowMapping, key: str, count: int
) -> Sequence[RowMapping]:
    """The newest live ones, oldest first: parameters, state, run_state, value."""
    value = and_(
        run_values.c.run_id == runs.c.id,
        run_values.c.section == "summary",
        run_values.c.key == key,
        run_values.c.kind == "number",
    )
    question = (
        select(
            sweep_runs.c.id,
            sweep_runs.c.parameters,
            sweep_runs.c.state,
            runs.c.state.label("run_state"),
            run_values.c.number.label("value"),
        )
        .select_from(_joined(sweep).outerjoin(run_values, value))
        .where(
            sweep_runs.c.sweep_id == sweep["id"],
            or_(sweep_runs.c.state.in_((HANDED, FAILED)), runs.c.id.is_not(None)),
        )
        .order_by(sweep_runs.c.id.desc())
        .limit(count)
    )
    return connection.execute(question).mappings().all()[::-1]


def _with_runs(
    connection: Connection,
    sweep: RowMapping,
    condition: ColumnElement[bool],
    limit: int | None = None,
) -> Sequence[RowMapping]:
    joined = _joined(sweep).outerjoin(
        sweep_agents, sweep_agents.c.id == sweep_runs.c.agent_id
    )
    question = (
        select(
            sweep_runs,
            runs.c.id.label("run_id"),
            runs.c.state.label("run_state"),
            sweep_agents.c.heartbeat_at.label("agent_heartbeat_at"),
        )
        .select_from(joined)
        .where(sweep_runs.c.sweep_id == sweep["id"], condition)
        .order_by(sweep_runs.c.id)
    )
    return connection.execute(question.limit(limit)).mappings().all()


def _joined(sweep: RowMapping) -> Any:
    named = and_(
        runs.c.project_id == sweep["project_id"], runs.c.name == sweep_runs.c.name
    )
    return sweep_runs.outerjoin(runs, named)


def _is_live(table: FromClause, sweep: RowMapping) -> ColumnElement[bool]:
    its_run = exists().where(
        runs.c.project_id == sweep["project_id"], runs.c.name == table.c.name
    )
    return or_(
        table.c.state.in_((HANDED, FAILED)),
        and_(table.c.state.in_((BEGUN, PRIOR)), its_run),
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


# ---- early stopping ------------------------------------------------------------------


def climbers(connection: Connection, sweep: RowMapping) -> Sequence[RowMapping]:
    """Those with a run: its lines, the highest rung that is known, who has it."""
    highest = (
        select(func.max(sweep_rungs.c.rung))
        .where(sweep_rungs.c.sweep_run_id == sweep_runs.c.id)
        .correlate(sweep_runs)
        .scalar_subquery()
    )
    joined = _joined(sweep).outerjoin(
        sweep_agents, sweep_agents.c.id == sweep_runs.c.agent_id
    )
    question = (
        select(
            sweep_runs.c.id,
            sweep_runs.c.name,
            sweep_runs.c.stopping,
            runs.c.id.label("run_id"),
            runs.c.state.label("run_state"),
            runs.c.history_line_count.label("line_count"),
            highest.label("rung"),
            sweep_agents.c.heartbeat_at.label("agent_heartbeat_at"),
        )
        .select_from(joined)
        .where(sweep_runs.c.sweep_id == sweep["id"], runs.c.id.is_not(None))
    )
    return connection.execute(question).mappings().all()


def write_rung(
    connection: Connection, handed_id: int, rung: int, loss: float | None
) -> None:
    """Keep how good it was there; what is known already stays."""
    values = {"sweep_run_id": handed_id, "rung": rung, "value": loss}
    statement = insert_or(connection, sweep_rungs).values(values)
    connection.execute(statement.on_conflict_do_nothing())


def losses_at(
    connection: Connection, sweep: RowMapping, rung: int
) -> dict[int, float | None]:
    """Row of `sweep_runs` -> loss at the rung, of runs that exist."""
    joined = _joined(sweep).join(
        sweep_rungs, sweep_rungs.c.sweep_run_id == sweep_runs.c.id
    )
    question = (
        select(sweep_runs.c.id, sweep_rungs.c.value)
        .select_from(joined)
        .where(
            sweep_runs.c.sweep_id == sweep["id"],
            sweep_rungs.c.rung == rung,
            runs.c.id.is_not(None),
        )
    )
    return {row.id: row.value for row in connection.execute(question)}


def request_stop(connection: Connection, run_id: int) -> None:
    """The run's next post is answered with `stopped`."""
    connection.execute(
        update(runs).where(runs.c.id == run_id).values(stop_requested=True)
    )
