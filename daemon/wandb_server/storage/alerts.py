"""Alerts as rows: the newest of each run are kept."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select

from wandb_server.storage.alert_schema import alerts
from wandb_server.storage.schema import projects, runs

_PLACE = (
    projects.c.entity,
    projects.c.name.label("project"),
    runs.c.name.label("run"),
)


def write_alert(
    connection: Connection,
    run_id: int,
    told: tuple[str, str, str],
    now: float,
    kept_max: int,
) -> None:
    """Keep (title, text, severity); the oldest go when there are more than allowed."""
    title, text, severity = told
    connection.execute(
        insert(alerts).values(
            run_id=run_id, title=title, text=text, severity=severity, created_at=now
        )
    )
    newest = (
        select(alerts.c.id)
        .where(alerts.c.run_id == run_id)
        .order_by(alerts.c.id.desc())
        .offset(kept_max)
        .limit(1)
    )
    if (last := connection.scalar(newest)) is not None:
        old = (alerts.c.run_id == run_id) & (alerts.c.id <= last)
        connection.execute(delete(alerts).where(old))


def alerts_of_run(connection: Connection, run_id: int) -> Sequence[RowMapping]:
    """Oldest first, with the place of their run."""
    question = _listed().where(alerts.c.run_id == run_id).order_by(alerts.c.id)
    return connection.execute(question).mappings().all()


def alerts_of_project(
    connection: Connection, project_id: int, count: int
) -> Sequence[RowMapping]:
    """The newest of all runs, newest first."""
    question = _listed().where(runs.c.project_id == project_id)
    question = question.order_by(alerts.c.id.desc()).limit(count)
    return connection.execute(question).mappings().all()


def forget_alerts(connection: Connection, run_id: int) -> None:
    """The run goes, and they with it."""
    connection.execute(delete(alerts).where(alerts.c.run_id == run_id))


def _listed() -> Select[Any]:
    joined = alerts.join(runs, runs.c.id == alerts.c.run_id)
    joined = joined.join(projects, projects.c.id == runs.c.project_id)
    return select(alerts, *_PLACE).select_from(joined)
