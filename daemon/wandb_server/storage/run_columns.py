"""Which config and summary keys the runs of a project have."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from wandb_server.storage.schema import run_values, runs

COLUMNS_COUNT_MAX = 2_000


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A dotted key of config or summary, and in how many runs it has which kind."""

    section: str
    key: str
    run_count: int
    number_count: int


def columns_of_runs(connection: Connection, project_id: int) -> Sequence[RunColumn]:
    """The most frequent ones; media and deep objects are no values to compare."""
    statement = (
        select(
            run_values.c.section,
            run_values.c.key,
            func.count().label("run_count"),
            func.count(run_values.c.number).label("number_count"),
        )
        .join(runs, runs.c.id == run_values.c.run_id)
        .where(runs.c.project_id == project_id, run_values.c.kind != "map")
        .group_by(run_values.c.section, run_values.c.key)
        .order_by(func.count().desc(), run_values.c.section, run_values.c.key)
        .limit(COLUMNS_COUNT_MAX)
    )
    return [RunColumn(*row) for row in connection.execute(statement)]
