"""Sweeps and agents out of their rows."""

from functools import lru_cache

from sqlalchemy import Connection, RowMapping

from wandb_server.model.sweeps import FINISHED, RUNNING, Sweep, SweepAgent
from wandb_server.operations.sweeps import grid
from wandb_server.operations.sweeps.handing import AGENT_SILENT_S
from wandb_server.operations.sweeps.sweep_config import SweepConfig, read_config
from wandb_server.storage import sweeps
from wandb_server.storage.schema import to_text

COUNT_MAX = 2**31 - 1
"""GraphQL's Int; a grid of more points has, for people, no end."""


def sweep_of(db: Connection, row: RowMapping) -> Sweep:
    """A sweep as listed, with what its runs add up to."""
    config = config_of(row)
    best = None
    if config.metric is not None:
        best = sweeps.best_value(
            db,
            row["project_id"],
            row["name"],
            config.metric.name,
            minimized=config.metric.minimized,
        )
    return Sweep(
        id=row["id"],
        entity=row["entity"],
        project=row["project"],
        project_id=row["project_id"],
        name=row["name"],
        display_name=row["display_name"],
        description=row["description"],
        config_text=to_text(row["config"]),
        method=row["method"],
        state=row["state"],
        user_name=row["user_name"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        heartbeat_at=row["heartbeat_at"],
        run_count=sweeps.count_members(db, row["project_id"], row["name"]),
        run_count_expected=_expected(config),
        best_value=best,
        controller_json=_optional(row["controller"]),
        scheduler_json=_optional(row["scheduler"]),
    )


def _expected(config: SweepConfig) -> int | None:
    count = config.run_cap
    if config.is_grid:
        points = grid.point_count(config.parameters)
        count = points if count is None else min(points, count)
    return None if count is None or count > COUNT_MAX else count


def _optional(stored: bytes | None) -> str | None:
    return None if stored is None else to_text(stored)


def agent_of(row: RowMapping, now: float) -> SweepAgent:
    """An agent as listed; one that is silent has ended."""
    gone = row["ended"] or row["heartbeat_at"] < now - AGENT_SILENT_S
    return SweepAgent(
        id=row["id"],
        entity=row["entity"],
        project=row["project"],
        sweep=row["sweep"],
        host=row["host"],
        state=FINISHED if gone else RUNNING,
        run_count=row["run_count"],
        created_at=row["created_at"],
        heartbeat_at=row["heartbeat_at"],
    )


def config_of(row: RowMapping) -> SweepConfig:
    """The parsed config of a row of `sweeps`."""
    return config_from(to_text(row["config"]))


@lru_cache(maxsize=64)
def config_from(text: str) -> SweepConfig:
    """Agents ask every few seconds; YAML takes its time."""
    return read_config(text)
