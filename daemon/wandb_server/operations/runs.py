"""Runs: create, change, find, list, delete."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from wandb_server.conditions import Comparison, Condition, Not, OrderTerm
from wandb_server.errors import QueryError
from wandb_server.ingest.merges import merge_configs, merge_summaries
from wandb_server.ingest.values import clean_text, values_of
from wandb_server.model.accounts import User
from wandb_server.model.json_value import Json
from wandb_server.model.run_questions import GroupQuery, RunGroup, RunPage, RunQuery
from wandb_server.model.runs import Run, RunUpsert
from wandb_server.operations.names import readable_name
from wandb_server.operations.removed_runs import purge_run
from wandb_server.operations.run_limits import check_name, check_texts
from wandb_server.operations.stores import Operations
from wandb_server.query.cursors import read_cursor, write_cursor
from wandb_server.query.filters import parse_attribute, parse_filters
from wandb_server.query.order import parse_order
from wandb_server.storage import lines, listing, projects, runs
from wandb_server.storage.run_filters import Matches
from wandb_server.storage.run_groups import group_runs
from wandb_server.storage.schema import runs as runs_table
from wandb_server.storage.values import any_stale, refresh_values

ENDED = ("finished", "failed", "crashed", "killed", "preempted")
GROUP_COLUMNS_MAX = 50
STATES = (*ENDED, "running", "preempting", "pending")

_COLUMNS = {
    "display_name": "display_name",
    "notes": "notes",
    "group": "group_name",
    "job_type": "job_type",
    "commit": "commit",
    "repo": "repo",
    "host": "host",
    "program": "program",
    "sweep": "sweep",
}


class Runs(Operations):
    """The rows that people see in lists."""

    async def upsert_run(self, upsert: RunUpsert, user: User) -> tuple[Run, bool]:
        """Create or update, see `Archive.upsert_run`.

        Raises:
            QueryError: a name is too long, config or summary is no JSON object.
        """
        upsert = _cleaned(upsert)
        check_name(upsert.name or "", "name")
        check_name(upsert.project, "project")
        await check_texts(upsert)
        now = self._stores.clock()
        run, inserted = await self._stores.database.write(
            lambda db: _upsert(db, upsert, user, now)
        )
        self._announce(run)
        return run, inserted

    async def run(self, entity: str, project: str, name: str) -> Run | None:
        """None if there is none."""

        def question(db: Connection) -> Run | None:
            found = runs.find_run(
                db, clean_text(entity), clean_text(project), clean_text(name)
            )
            return runs.read_run(db, found["id"]) if found else None

        return await self._stores.database.read(question)

    async def run_by_storage_id(self, storage_id: str) -> Run | None:
        """None if there is none, or the text is not an id of ours."""
        run_id = runs.run_id_of(storage_id)
        if run_id is None:
            return None
        return await self._stores.database.read(lambda db: runs.read_run(db, run_id))

    async def query_runs(self, query: RunQuery) -> RunPage:
        """One page, see `Archive.query_runs`."""
        order = parse_order(query.order)
        behind = None
        if query.after:
            behind = read_cursor(
                query.order, query.after, listing.sort_value_count(order)
            )
        asked = await self._prepare(query.entity, query.project, query.filters, order)
        if asked is None:
            return RunPage(runs=(), cursors=(), total=0, has_next=False)
        count = max(0, min(query.first, self._stores.settings.page_runs_max))

        def question(db: Connection) -> tuple[list[Any], int]:
            return listing.list_runs(db, *asked, order, count + 1, behind)

        found, total = await self._stores.database.read(question)
        page = found[:count]
        return RunPage(
            runs=tuple(run for run, _ in page),
            cursors=tuple(write_cursor(query.order, values) for _, values in page),
            total=total,
            has_next=len(found) > count,
        )

    async def count_runs(
        self, entity: str, project: str, filters: Mapping[str, Json]
    ) -> int:
        """How many runs the filters let through."""
        asked = await self._prepare(entity, project, filters, ())
        if asked is None:
            return 0
        return await self._stores.database.read(
            lambda db: listing.count_runs(db, *asked)
        )

    async def run_groups(self, query: GroupQuery) -> Sequence[RunGroup]:
        """The largest groups of the runs that the filters let through.

        Raises:
            QueryError: runs cannot be grouped by that, or there are too many columns.
        """
        by = parse_attribute(query.by, "by")
        columns = [parse_attribute(name, "columns") for name in query.columns]
        if len(columns) > GROUP_COLUMNS_MAX:
            raise QueryError("columns", f"more than {GROUP_COLUMNS_MAX}")
        if any(one.section == "tag" for one in (by, *columns)):
            raise QueryError("by", "runs cannot be grouped by tags")
        order = [OrderTerm(one, descending=False) for one in (by, *columns)]
        asked = await self._prepare(query.entity, query.project, query.filters, order)
        if asked is None:
            return ()
        count = max(0, min(query.first, self._stores.settings.page_runs_max))
        return await self._stores.database.read(
            lambda db: group_runs(db, *asked, by, columns, count)
        )

    async def delete_run(self, storage_id: str) -> int | None:
        """Bytes freed; None if absent. What a crash leaves of it is swept up later."""
        run_id = runs.run_id_of(storage_id)
        return None if run_id is None else await purge_run(self._stores, run_id)

    async def set_run_state(self, storage_id: str, state: str) -> bool:
        """False if there is no such run or state."""
        if state not in STATES:
            return False
        now = self._stores.clock()
        ended = state in ENDED
        return await self._change(
            storage_id, {"state": state, "finished_at": now if ended else None}
        )

    async def request_stop(self, storage_id: str) -> bool:
        """The run's next post is answered with `stopped`."""
        return await self._change(storage_id, {"stop_requested": True})

    async def _change(self, storage_id: str, values: Mapping[str, Any]) -> bool:
        run_id = runs.run_id_of(storage_id)
        if run_id is None:
            return False

        def change(db: Connection) -> Run | None:
            return (
                runs.read_run(db, run_id)
                if runs.update_run(db, run_id, values)
                else None
            )

        changed = await self._stores.database.write(change)
        if changed is not None:
            self._announce(changed)
        return changed is not None

    async def _prepare(
        self, entity: str, project: str, filters: object, order: Sequence[OrderTerm]
    ) -> tuple[int, Condition, Matches] | None:
        """(project id, condition, answers of its patterns); None without the project.

        Values are brought up to date first, if the question looks into them.
        """
        condition = parse_filters(filters)
        stores = self._stores
        project_id = await stores.database.read(
            lambda db: listing.project_of(db, clean_text(entity), clean_text(project))
        )
        if project_id is None:
            return None
        if _looks_into_values(condition, order):
            await self._refresh_values(project_id)
        texts = await stores.database.read(
            lambda db: listing.texts_for_patterns(db, project_id, condition)
        )
        matches: dict[int, tuple[str, ...]] = {}
        for number, (pattern, candidates) in texts.items():
            matches[number] = await stores.tables.matching(pattern, candidates)
        return project_id, condition, matches

    async def _refresh_values(self, project_id: int) -> None:
        database = self._stores.database
        while await database.read(lambda db: any_stale(db, project_id)):
            await database.write(lambda db: refresh_values(db, project_id, values_of))


def _looks_into_values(condition: Condition, order: Sequence[OrderTerm]) -> bool:
    if any(term.attribute.section != "run" for term in order):
        return True
    if isinstance(condition, Comparison):
        return condition.attribute.section in ("config", "summary")
    inner = (
        (condition.condition,) if isinstance(condition, Not) else condition.conditions
    )
    return any(_looks_into_values(part, ()) for part in inner)


def _cleaned(upsert: RunUpsert) -> RunUpsert:
    """Every text but config and summary made fit for a text column."""
    values: dict[str, Any] = {}
    for field in fields(upsert):
        value = getattr(upsert, field.name)
        if isinstance(value, str) and not field.name.endswith("_json"):
            value = clean_text(value)
        elif isinstance(value, tuple):
            value = tuple(clean_text(tag) for tag in value)
        values[field.name] = value
    return RunUpsert(**values)


def _upsert(
    db: Connection, upsert: RunUpsert, user: User, now: float
) -> tuple[Run, bool]:
    found = _find(db, upsert)
    changes: dict[str, Any] = {
        column: value
        for name, column in _COLUMNS.items()
        if (value := getattr(upsert, name)) is not None
    }
    if found is None:
        run_id = _insert(db, upsert, user, now, changes)
    else:
        run_id = found["id"]
        revives = _may_revive(db, upsert, run_id)
        changes.update(_state_changes(upsert, found["state"], now, revives=revives))
        runs.update_run(db, run_id, changes)
    _write_texts(db, upsert, run_id)
    if upsert.tags is not None:
        runs.write_tags(db, run_id, upsert.tags)
    run = runs.read_run(db, run_id)
    assert run is not None
    return run, found is None


def _write_texts(db: Connection, upsert: RunUpsert, run_id: int) -> None:
    config, summary = upsert.config_json, upsert.summary_json
    if upsert.writer.client_id:
        stored_config, stored_summary = runs.read_texts(db, run_id)
        config = merge_configs(stored_config, config) if config else None
        summary = merge_summaries(stored_summary, summary) if summary else None
    runs.write_texts(db, run_id, config=config, summary=summary)


def _may_revive(db: Connection, upsert: RunUpsert, run_id: int) -> bool:
    """Whether this writer sets an ended run to running.

    Of several writers, one that was heard of before the run ended only has something
    left to say; an unknown one begins the run again.
    """
    client_id = upsert.writer.client_id
    if upsert.writer.leaves_run_open:
        return False
    names = (f"client:{client_id}", client_id.replace("-", ""))
    return not (client_id and lines.has_streams(db, run_id, names))


def _find(db: Connection, upsert: RunUpsert) -> RowMapping | None:
    if upsert.storage_id:
        run_id = runs.run_id_of(upsert.storage_id)
        found = None if run_id is None else runs.find_run_by_id(db, run_id)
        if found is not None:
            return found
    if upsert.name is None:
        return None
    return runs.find_run(db, upsert.entity, upsert.project, upsert.name)


def _insert(
    db: Connection, upsert: RunUpsert, user: User, now: float, values: dict[str, Any]
) -> int:
    project, _ = projects.create_project(db, upsert.entity, upsert.project, now)
    siblings = select(func.count()).where(runs_table.c.project_id == project)
    number = 1 + (db.scalar(siblings) or 0)
    name = upsert.name or _free_name(db, upsert, number)
    return runs.insert_run(
        db,
        {
            "display_name": readable_name(name, number),
            **values,
            "project_id": project,
            "name": name,
            "state": upsert.state or "running",
            "user_name": user.name,
            "created_at": now,
            "heartbeat_at": now,
        },
    )


def _free_name(db: Connection, upsert: RunUpsert, number: int) -> str:
    while runs.find_run(db, upsert.entity, upsert.project, f"run-{number}"):
        number += 1
    return f"run-{number}"


def _state_changes(
    upsert: RunUpsert, state: str, now: float, *, revives: bool
) -> dict[str, Any]:
    """A run that is upserted by name runs (again); by id it is only edited."""
    edited_only = upsert.name is None and upsert.storage_id is not None
    edited_only |= state in ENDED and not revives
    # A new config of a run that will be preempted; a process that begins says more.
    edited_only |= state == "preempting" and not (upsert.host or upsert.program)
    wanted = upsert.state or (state if edited_only else "running")
    changes: dict[str, Any] = {}
    if not edited_only:
        changes["heartbeat_at"] = now
    if wanted != state:
        changes["state"] = wanted
        changes["finished_at"] = now if wanted in ENDED else None
        if state in ENDED and wanted not in ENDED:
            changes.update(stop_requested=False, exit_code=None)
    return changes
