"""What sweeps handed out, as rows.

A row of `sweep_runs` is *live* while it takes a place: it was handed out a moment ago,
its run exists, or its script ended before any run began.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    and_,
    exists,
    func,
    or_,
    select,
    update,
)

from wandb_server.storage.database import insert
from wandb_server.storage.schema import run_values, runs
from wandb_server.storage.sweep_schema import sweep_agents, sweep_rungs, sweep_runs
from wandb_server.storage.sweeps import UNENDED

HANDED = "handed"
BEGUN = "begun"
ENDED = "ended"
FAILED = "failed"
LAPSED = "lapsed"
PRIOR = "prior"
UNSETTLED = (HANDED, BEGUN, LAPSED)
"""Of these something is still to be learned; there are few, however long a sweep."""


def run_name_is_free(connection: Connection, sweep: RowMapping, name: str) -> bool:
    """Whether no run of the project has the name, nor was handed it."""
    run = select(runs.c.id).where(
        runs.c.project_id == sweep["project_id"], runs.c.name == name
    )
    handed = select(sweep_runs.c.id).where(sweep_runs.c.name == name)
    return all(
        connection.execute(one.limit(1)).first() is None for one in (run, handed)
    )


def insert_handed(connection: Connection, values: Mapping[str, Any]) -> None:
    """A place taken; a run that was added before is left as it is."""
    empty = {"told_count": 0, "reported": False, "stopping": False}
    statement = insert(connection, sweep_runs).values({**empty, **values})
    connection.execute(statement.on_conflict_do_nothing())


def update_handed(
    connection: Connection, handed_id: int, values: Mapping[str, Any]
) -> None:
    """Set columns."""
    mine = sweep_runs.c.id == handed_id
    connection.execute(update(sweep_runs).where(mine).values(values))


def stop_all(connection: Connection, sweep: RowMapping) -> None:
    """Their agents are told to stop whatever still runs."""
    going = select(runs.c.name).where(
        runs.c.project_id == sweep["project_id"],
        runs.c.sweep == sweep["name"],
        runs.c.state.in_(UNENDED),
    )
    mine = (sweep_runs.c.sweep_id == sweep["id"]) & sweep_runs.c.name.in_(going)
    connection.execute(update(sweep_runs).where(mine).values(stopping=True))


def unsettled(connection: Connection, sweep: RowMapping) -> Sequence[RowMapping]:
    """Those that have not ended, with what became of them; oldest first."""
    return _with_runs(connection, sweep, sweep_runs.c.state.in_(UNSETTLED))


def revive(connection: Connection, sweep: RowMapping, names: Sequence[str]) -> None:
    """Their scripts go on, whatever was said of their runs."""
    mine = (sweep_runs.c.sweep_id == sweep["id"]) & (sweep_runs.c.state == ENDED)
    going = mine & sweep_runs.c.name.in_(names)
    connection.execute(update(sweep_runs).where(going).values(state=BEGUN))


def of_agent(
    connection: Connection, sweep: RowMapping, agent_id: int
) -> Sequence[RowMapping]:
    """What the agent was given and must end, or still has to begin."""
    mine = sweep_runs.c.state.in_(UNSETTLED) & (sweep_runs.c.agent_id == agent_id)
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
        and_(table.c.state.in_((BEGUN, ENDED, PRIOR)), its_run),
    )


# ---- early stopping ------------------------------------------------------------------


def climbers(connection: Connection, sweep: RowMapping) -> Sequence[RowMapping]:
    """Those whose runs may come to a rung: lines, highest known rung, who has it."""
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
        .where(
            sweep_runs.c.sweep_id == sweep["id"],
            sweep_runs.c.state.in_((HANDED, BEGUN, PRIOR)),
            runs.c.id.is_not(None),
        )
    )
    return connection.execute(question).mappings().all()


def write_rung(
    connection: Connection, handed_id: int, rung: int, loss: float | None
) -> None:
    """Keep how good it was there; what is known already stays."""
    values = {"sweep_run_id": handed_id, "rung": rung, "value": loss}
    statement = insert(connection, sweep_rungs).values(values)
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
