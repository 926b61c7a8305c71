"""The table of runs: columns, cells, deleting with a way back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from wandb_proto import json_codec

from wandb_server.errors import QueryError
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    timestamp,
)
from wandb_server.graphql.resolvers.projects import read_filters
from wandb_server.ingest.rows import value_at
from wandb_server.model.json_value import Json
from wandb_server.model.projects import Project
from wandb_server.model.run_questions import GroupQuery
from wandb_server.model.runs import Run
from wandb_server.strict_json import strict

COLUMNS_COUNT_MAX = 200
TEXT_CHARACTERS_MAX = 200
IDS_COUNT_MAX = 1_000
UNDO_SHOWN_S = 10.0
"""Less than the server waits, so that a late click still finds the runs."""


async def _run_columns(
    project: Project, question: Question, _: Arguments
) -> list[dict[str, Any]]:
    columns = await question.archive.run_columns(project.entity, project.name)
    return [
        {
            "section": column.section,
            "key": column.key,
            "runCount": column.run_count,
            "numberCount": column.number_count,
        }
        for column in columns
    ]


async def _run_groups(
    project: Project, question: Question, arguments: Arguments
) -> list[dict[str, Any]]:
    groups = await question.archive.run_groups(
        GroupQuery(
            project.entity,
            project.name,
            arguments["by"],
            filters=read_filters(arguments.get("filters")),
            columns=tuple(arguments["columns"]),
            first=min(arguments["first"], question.limits.page_items_max),
        )
    )
    return [
        {
            "value": strict(group.value),
            "runCount": group.run_count,
            "newestAt": timestamp(group.newest_at),
            "columns": [asdict(column) for column in group.columns],
        }
        for group in groups
    ]


def _values(run: Run, _: Question, arguments: Arguments) -> list[Json]:
    columns = arguments["columns"]
    if len(columns) > COLUMNS_COUNT_MAX:
        raise QueryError("columns", f"more than {COLUMNS_COUNT_MAX}")
    parts = [column.partition(".") for column in columns]
    sections = {section for section, _, _ in parts}
    documents = {
        "config": _config(run) if "config" in sections else {},
        "summary": _object(run.summary_json) if "summary" in sections else {},
    }
    return [_cell(value_at(documents.get(s, {}), key)) for s, _, key in parts]


def _config(run: Run) -> Mapping[str, Json]:
    return {
        key: value["value"] if isinstance(value, dict) and "value" in value else value
        for key, value in _object(run.config_json).items()
    }


def _object(text: str) -> Mapping[str, Json]:
    try:
        document = json_codec.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _cell(value: Json) -> Json:
    if isinstance(value, dict | list):
        value = json_codec.dumps(value).decode("utf-8", "surrogatepass")
    if isinstance(value, str) and len(value) > TEXT_CHARACTERS_MAX:
        return value[:TEXT_CHARACTERS_MAX] + "…"
    return strict(value)


async def _remove_runs(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    removed, freed = await question.archive.remove_runs(_ids(given))
    return {
        "removed": removed,
        "bytesFreed": freed,
        "undoSeconds": UNDO_SHOWN_S,
        "clientMutationId": given.get("clientMutationId"),
    }


async def _restore_runs(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    restored = await question.archive.restore_runs(_ids(given))
    return {"restored": restored, "clientMutationId": given.get("clientMutationId")}


def _ids(given: Mapping[str, Any]) -> list[str]:
    ids = list(dict.fromkeys(given["ids"]))
    if len(ids) > IDS_COUNT_MAX:
        raise QueryError("ids", f"more than {IDS_COUNT_MAX}")
    return ids


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Project": {"runColumns": _run_columns, "runGroups": _run_groups},
    "Run": {"values": _values},
    "Mutation": {"removeRuns": _remove_runs, "restoreRuns": _restore_runs},
}
