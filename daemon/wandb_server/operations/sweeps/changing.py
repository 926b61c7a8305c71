"""Making and changing sweeps, each in one transaction."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping
from wandb_proto import json_codec

from wandb_server.errors import NotFound, QueryError
from wandb_server.ingest.values import clean_text
from wandb_server.model.accounts import User
from wandb_server.model.runs import Run
from wandb_server.model.sweeps import CANCELED, PENDING, RUNNING, SweepUpsert
from wandb_server.operations.sweeps import grid
from wandb_server.operations.sweeps.handing import NAME_CHARACTERS, NAME_LENGTH
from wandb_server.operations.sweeps.reading import config_of
from wandb_server.operations.sweeps.sweep_config import SweepConfig
from wandb_server.storage import projects, sweeps
from wandb_server.storage import sweep_places as places
from wandb_server.storage.schema import to_bytes

DIFFERENT_SEARCH = (
    "runs were handed out already, so method and parameters stay as they are; make a "
    "new sweep, and add these runs to it with --prior_run"
)


def make_sweep(
    db: Connection, upsert: SweepUpsert, config: SweepConfig, user: User, now: float
) -> int:
    """A new sweep, and its project where there is none; its number."""
    entity, project = clean_text(upsert.entity), clean_text(upsert.project)
    project_id, _ = projects.create_project(db, entity, project, now)
    values = {
        **_columns(upsert, config),
        "project_id": project_id,
        "name": _free_name(db, entity, project),
        "state": upsert.state or PENDING,
        "user_name": user.name,
        "created_at": now,
        "updated_at": now,
    }
    return sweeps.insert_sweep(db, values)


def change_sweep(
    db: Connection, upsert: SweepUpsert, config: SweepConfig | None, now: float
) -> int:
    """Set what is said; the sweep's number.

    Raises:
        NotFound: no sweep of that number.
        QueryError: a change that came too late.
    """
    assert upsert.sweep_id is not None
    row = sweeps.lock_sweep(db, upsert.sweep_id)
    if row is None:
        raise NotFound("sweep", str(upsert.sweep_id))
    values = {**_columns(upsert, config), "updated_at": now}
    if config is not None and row["next_number"] > 0:
        if not config.search_equals(config_of(row)):
            raise QueryError("config", DIFFERENT_SEARCH)
    elif config is not None:
        values["next_point"] = 0
    if upsert.state is not None:
        values["state"] = _next_state(row, upsert.state)
        if upsert.state == CANCELED:
            sweeps.stop_members(db, row["project_id"], row["name"])
            places.stop_all(db, row)
    sweeps.update_sweep(db, row["id"], values)
    return int(row["id"])


def _next_state(row: RowMapping, asked: str) -> str:
    if row["state"] == CANCELED and asked != CANCELED:
        raise QueryError(
            "state",
            f"sweep {row['name']} was canceled, which ends it for good; make a new "
            "one, and add its runs with --prior_run",
        )
    if asked == RUNNING and row["next_number"] == 0:
        return PENDING  # nothing was handed out so far
    return asked


def _columns(upsert: SweepUpsert, config: SweepConfig | None) -> dict[str, Any]:
    """What is said; None leaves a column."""
    named = config.name if config else None
    described = config.description if config else None
    texts = {
        "display_name": upsert.display_name or named,
        "description": upsert.description or described,
    }
    found: dict[str, Any] = {
        key: clean_text(text) for key, text in texts.items() if text is not None
    }
    if config is not None:
        assert upsert.config_text is not None
        found["config"] = to_bytes(upsert.config_text)
        found["method"] = config.method
    for key, told in (
        ("controller", upsert.controller_json),
        ("scheduler", upsert.scheduler_json),
    ):
        if told is not None:
            found[key] = to_bytes(told)
    return found


def _free_name(db: Connection, entity: str, project: str) -> str:
    while True:
        letters = [secrets.choice(NAME_CHARACTERS) for _ in range(NAME_LENGTH)]
        name = "".join(letters)
        if sweeps.find_sweep(db, entity, project, name) is None:
            return name


def add_prior(
    db: Connection,
    sweep: RowMapping,
    config: SweepConfig,
    prior: Sequence[Run],
    now: float,
) -> None:
    """Make runs of before the sweep's; a grid does not try their points again."""
    for run in prior:
        wrapped = json_codec.loads(run.config_json or "{}")
        values = {
            key: value.get("value")
            for key, value in wrapped.items()
            if isinstance(value, dict) and not key.startswith("_")
        }
        point = grid.point_of(config.parameters, values) if config.is_grid else None
        sweeps.attach_run(db, run.id, sweep["name"])
        places.insert_handed(
            db,
            {
                "sweep_id": sweep["id"],
                "name": run.name,
                "parameters": json_codec.dumps(values),
                "point": point,
                "state": places.PRIOR,
                "handed_at": now,
            },
        )
