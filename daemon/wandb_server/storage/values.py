"""The value table: config and summary by dotted key, made anew when it is asked.

A post only replaces the summary's text and marks the run; the values of marked runs are
refreshed before a question that looks at values. So a running run costs one small write
per post, however many keys its summary has.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, delete, select, update

from wandb_server.storage.database import upsert
from wandb_server.storage.runs import read_texts
from wandb_server.storage.schema import run_values, runs

RUNS_PER_CHANGE = 50


class Value(Protocol):
    """What one row of the table says, see `ingest.values.IndexedValue`."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def number(self) -> float | None: ...
    @property
    def text(self) -> str | None: ...


def stale_projects(connection: Connection, states: Sequence[str]) -> Sequence[int]:
    """Projects with a run in one of these states whose values are behind its texts."""
    behind = select(runs.c.project_id).where(
        runs.c.values_stale.is_(True), runs.c.state.in_(states)
    )
    return connection.scalars(behind.distinct()).all()


def any_stale(connection: Connection, project_id: int) -> bool:
    """True if some run's values are behind its texts."""
    marked = select(runs.c.id).where(
        runs.c.project_id == project_id, runs.c.values_stale.is_(True)
    )
    return connection.execute(marked.limit(1)).first() is not None


def refresh_values(
    connection: Connection,
    project_id: int,
    values_of: Callable[[str, str], Sequence[Value]],
) -> int:
    """Bring some runs up to date; how many (0: nothing was behind)."""
    marked = select(runs.c.id).where(
        runs.c.project_id == project_id, runs.c.values_stale.is_(True)
    )
    ids = connection.scalars(marked.limit(RUNS_PER_CHANGE)).all()
    for run_id in ids:
        _refresh(connection, run_id, values_of)
    if ids:
        fresh = update(runs).where(runs.c.id.in_(ids)).values(values_stale=False)
        connection.execute(fresh)
    return len(ids)


def _refresh(
    connection: Connection,
    run_id: int,
    values_of: Callable[[str, str], Sequence[Value]],
) -> None:
    config, summary = read_texts(connection, run_id)
    stored = {
        (row.section, row.key): (row.kind, row.number, row.text)
        for row in connection.execute(
            select(run_values).where(run_values.c.run_id == run_id)
        )
    }
    changed: list[dict[str, Any]] = []
    for section, text in (("config", config), ("summary", summary)):
        for value in values_of(section, text):
            now = (value.kind, value.number, value.text)
            if stored.pop((section, value.key), None) != now:
                changed.append(_row(run_id, section, value))
    for section, key in stored:
        connection.execute(
            delete(run_values).where(
                run_values.c.run_id == run_id,
                run_values.c.section == section,
                run_values.c.key == key,
            )
        )
    upsert(connection, run_values, changed, ["kind", "number", "text"])


def _row(run_id: int, section: str, value: Value) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "section": section,
        "key": value.key,
        "kind": value.kind,
        "number": value.number,
        "text": value.text,
    }
