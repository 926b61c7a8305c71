"""Runs: one row each, their texts (config, summary) and tags beside it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy import insert as plain_insert

from wandb_server.model.runs import Run
from wandb_server.storage.database import in_pieces, locked, upsert
from wandb_server.storage.schema import (
    projects,
    run_tags,
    run_texts,
    runs,
    to_bytes,
    to_text,
)
from wandb_server.storage.statements import Prepared, update_by_id

_STORAGE_ID_PREFIX = "Run:v1:"
POSTED_COLUMNS = (
    "id",
    "state",
    "stop_requested",
    "last_step",
    "history_line_count",
    "events_line_count",
    "log_line_count",
    "next_row",
    "segment_mark",
    "tail_row_count",
    "tail_bytes",
)
_POSTED = Prepared(
    lambda _: (
        select(*(runs.c[name] for name in POSTED_COLUMNS))
        .join(projects, projects.c.id == runs.c.project_id)
        .where(
            projects.c.entity == bindparam("entity"),
            projects.c.name == bindparam("project"),
            runs.c.name == bindparam("name"),
        )
        .with_for_update(of=runs)
    )
)


def _write_text(name: str) -> Prepared:
    mine = run_texts.c.run_id == bindparam("of_run")
    new = {name: bindparam("content", type_=run_texts.c[name].type)}
    return Prepared(lambda _: update(run_texts).where(mine).values(new))


_WRITE_TEXT = {name: _write_text(name) for name in ("config", "summary")}


def storage_id_of(run_id: int) -> str:
    """The text that clients see as a run's GraphQL id."""
    return base64.b64encode(f"{_STORAGE_ID_PREFIX}{run_id}".encode()).decode()


def run_id_of(storage_id: str) -> int | None:
    """The inverse; None for anything that we did not make."""
    try:
        text = base64.b64decode(storage_id, validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
    number = text.removeprefix(_STORAGE_ID_PREFIX)
    plain = number.isascii() and number.isdigit() and len(number) < 19
    return int(number) if text != number and plain else None


def whole_runs() -> Select[Any]:
    """Everything of runs but tags, to be narrowed by the caller."""
    return select(
        runs,
        projects.c.entity,
        projects.c.name.label("project"),
        run_texts.c.config,
        run_texts.c.summary,
    ).select_from(
        runs.join(projects, projects.c.id == runs.c.project_id).join(
            run_texts, run_texts.c.run_id == runs.c.id
        )
    )


def find_run(
    connection: Connection, entity: str, project: str, name: str
) -> RowMapping | None:
    """The bare row (no texts), or None."""
    statement = (
        select(runs)
        .join(projects, projects.c.id == runs.c.project_id)
        .where(
            projects.c.entity == entity, projects.c.name == project, runs.c.name == name
        )
    )
    return connection.execute(locked(connection, statement, runs)).mappings().first()


def find_posted_run(
    connection: Connection, entity: str, project: str, name: str
) -> dict[str, Any] | None:
    """What a post needs of a run that it is about to change, or None."""
    place = {"entity": entity, "project": project, "name": name}
    found = _POSTED.first(connection, place)
    if found is None:
        return None
    run = dict(zip(POSTED_COLUMNS, found, strict=True))
    return {**run, "stop_requested": bool(run["stop_requested"])}


def find_run_by_id(connection: Connection, run_id: int) -> RowMapping | None:
    """The bare row (no texts), or None."""
    statement = select(runs).where(runs.c.id == run_id)
    return connection.execute(locked(connection, statement, runs)).mappings().first()


def read_runs(connection: Connection, ids: Sequence[int]) -> list[Run]:
    """Whole runs in the order of `ids`; absent ones are left out."""
    found: dict[int, Run] = {}
    for piece in in_pieces(ids):
        tags = _tags_of(connection, piece)
        for row in connection.execute(
            whole_runs().where(runs.c.id.in_(piece))
        ).mappings():
            found[row["id"]] = _to_run(row, tags.get(row["id"], ()))
    return [found[run_id] for run_id in ids if run_id in found]


def read_run(connection: Connection, run_id: int) -> Run | None:
    """One whole run, or None."""
    return next(iter(read_runs(connection, [run_id])), None)


def insert_run(connection: Connection, values: Mapping[str, Any]) -> int:
    """A new run with empty texts; its id."""
    empty = {
        "stop_requested": False,
        "history_line_count": 0,
        "events_line_count": 0,
        "log_line_count": 0,
        "next_row": 0,
        "segment_mark": 0,
        "tail_row_count": 0,
        "tail_bytes": 0,
        "values_stale": False,
    }
    made = connection.execute(plain_insert(runs).values({**empty, **values}))
    assert made.inserted_primary_key is not None
    run_id: int = made.inserted_primary_key[0]
    connection.execute(
        plain_insert(run_texts).values(run_id=run_id, config=b"{}", summary=b"{}")
    )
    return run_id


def update_run(connection: Connection, run_id: int, values: Mapping[str, Any]) -> bool:
    """Set columns of a run; False if it is absent."""
    if not values:
        return find_run_by_id(connection, run_id) is not None
    return update_by_id(connection, runs, run_id, values) > 0


def write_texts(
    connection: Connection, run_id: int, *, config: str | None, summary: str | None
) -> None:
    """Replace config or summary (None: leave it) and mark the value table as behind."""
    values = {
        name: to_bytes(text)
        for name, text in (("config", config), ("summary", summary))
        if text is not None
    }
    if not values:
        return
    for name, text in values.items():
        _WRITE_TEXT[name].run(connection, {"of_run": run_id, "content": text})
    update_by_id(connection, runs, run_id, {"values_stale": True})


def read_texts(connection: Connection, run_id: int) -> tuple[str, str]:
    """(config, summary) as received."""
    found = connection.execute(
        select(run_texts.c.config, run_texts.c.summary).where(
            run_texts.c.run_id == run_id
        )
    ).first()
    return (to_text(found[0]), to_text(found[1])) if found else ("{}", "{}")


def write_tags(connection: Connection, run_id: int, tags: Sequence[str]) -> None:
    """Replace all tags, keeping their order."""
    connection.execute(delete(run_tags).where(run_tags.c.run_id == run_id))
    rows = [
        {"run_id": run_id, "place": place, "tag": tag}
        for place, tag in enumerate(dict.fromkeys(tags))
    ]
    upsert(connection, run_tags, rows, ["tag"])


def _tags_of(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    statement = select(run_tags).where(run_tags.c.run_id.in_(ids))
    tags: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(statement.order_by(run_tags.c.place)).mappings():
        tags[row["run_id"]] = (*tags.get(row["run_id"], ()), row["tag"])
    return tags


def _to_run(row: RowMapping, tags: tuple[str, ...]) -> Run:
    return Run(
        id=row["id"],
        storage_id=storage_id_of(row["id"]),
        entity=row["entity"],
        project=row["project"],
        project_id=row["project_id"],
        name=row["name"],
        display_name=row["display_name"],
        state=row["state"],
        config_json=to_text(row["config"]),
        summary_json=to_text(row["summary"]),
        user_name=row["user_name"],
        group=row["group_name"],
        job_type=row["job_type"],
        notes=row["notes"],
        tags=tags,
        commit=row["commit"],
        repo=row["repo"],
        host=row["host"],
        program=row["program"],
        sweep=row["sweep"],
        created_at=row["created_at"],
        heartbeat_at=row["heartbeat_at"],
        finished_at=row["finished_at"],
        exit_code=row["exit_code"],
        history_line_count=row["history_line_count"],
        events_line_count=row["events_line_count"],
        log_line_count=row["log_line_count"],
        last_step=row["last_step"],
        stop_requested=row["stop_requested"],
    )
