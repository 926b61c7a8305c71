"""Projects, their runs, and what charts ask of many runs at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from wandb_server.errors import QueryError
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    connection,
    node_id,
    page_of,
    parse_json,
    timestamp,
)
from wandb_server.graphql.resolvers.users import entity_named
from wandb_server.model.accounts import User
from wandb_server.model.history import MetricKey, Series, SeriesQuery
from wandb_server.model.people import ProjectAccess
from wandb_server.model.projects import Project
from wandb_server.model.run_questions import RunQuery
from wandb_server.model.runs import Run
from wandb_server.strict_json import strict

RUNS_PER_PAGE = 50
ORDER_DEFAULT = "+created_at"
"""What the official client means when it sends no order."""


ACCESS_NAMES = {
    ProjectAccess.PRIVATE: "PRIVATE",
    ProjectAccess.TEAM: "ENTITY_WRITE",
    ProjectAccess.PUBLIC: "USER_READ",
}


async def _project(_: Any, question: Question, arguments: Arguments) -> Project | None:
    entity = question.archive.entity(arguments.get("entityName"))
    return await question.archive.project(entity, arguments.get("name") or "")


async def _projects(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any] | None:
    entity = question.archive.entity(arguments.get("entityName"))
    found = await question.archive.projects(entity)
    limit = question.limits.page_items_max
    return page_of(found, arguments.get("first"), arguments.get("after"), limit)


async def _run(
    project: Project, question: Question, arguments: Arguments
) -> Run | None:
    return await question.archive.run(project.entity, project.name, arguments["name"])


def read_filters(text: str | None) -> Mapping[str, Any]:
    """The filters argument: JSON text of an object, or nothing.

    Raises:
        QueryError: anything else.
    """
    if not text:
        return {}
    filters = parse_json(text, "filters") if isinstance(text, str) else text
    if filters is None:
        return {}
    if not isinstance(filters, dict):
        raise QueryError("filters", "must be a JSON object")
    return filters


async def _runs(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    filters = read_filters(arguments.get("filters"))
    return await run_page((project.entity, project.name), filters, question, arguments)


async def run_page(
    place: tuple[str, str],
    filters: Mapping[str, Any],
    question: Question,
    arguments: Arguments,
) -> dict[str, Any]:
    """A connection of runs of (entity, project), paged as the arguments say."""
    asked = arguments.get("first")
    limit = question.limits.page_items_max
    query = RunQuery(
        entity=place[0],
        project=place[1],
        filters=filters,
        order=arguments.get("order") or ORDER_DEFAULT,
        first=max(0, min(RUNS_PER_PAGE if asked is None else asked, limit)),
        after=arguments.get("after") or None,
    )
    page = await question.archive.query_runs(query)
    edges = [
        {"node": run, "cursor": cursor}
        for run, cursor in zip(page.runs, page.cursors, strict=True)
    ]
    return connection(edges, page.has_next, page.total)


async def _run_count(project: Project, question: Question, arguments: Arguments) -> int:
    filters = read_filters(arguments.get("filters"))
    if not filters:
        return project.run_count
    return await question.archive.count_runs(project.entity, project.name, filters)


async def _find_keys(
    project: Project, question: Question, arguments: Arguments
) -> Sequence[MetricKey]:
    return await question.archive.metric_keys(
        project.entity,
        project.name,
        tuple(arguments.get("runs") or ()),
        arguments.get("stream") or "history",
    )


async def _metric_columns(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    keys = await _find_keys(project, question, arguments)
    return {
        "keys": [key.key for key in keys],
        "types": [key.types for key in keys],
        "runCounts": [key.run_count for key in keys],
    }


async def _metric_keys(
    project: Project, question: Question, arguments: Arguments
) -> list[dict[str, Any]]:
    return [
        {
            "key": key.key,
            "types": dict(key.types),
            "monotonic": key.monotonic,
            "last": strict(key.last),
            "runCount": key.run_count,
        }
        for key in await _find_keys(project, question, arguments)
    ]


async def _history_series(
    project: Project, question: Question, arguments: Arguments
) -> list[dict[str, Any]]:
    buckets = arguments.get("buckets") or 500
    if not 1 <= buckets <= question.limits.series_buckets_max:
        limit = question.limits.series_buckets_max
        raise QueryError("buckets", f"must be 1 to {limit}")
    query = SeriesQuery(
        entity=project.entity,
        project=project.name,
        runs=tuple(arguments["runs"]),
        keys=tuple(arguments["keys"]),
        x_axis=arguments.get("xAxis") or "_step",
        x_min=arguments.get("xMin"),
        x_max=arguments.get("xMax"),
        buckets=buckets,
        stream=arguments.get("stream") or "history",
    )
    found = await question.archive.series(query)
    await question.tell_lost(project.entity, project.name, query.runs)
    return [_answer(series) for series in found]


def _answer(series: Series) -> dict[str, Any]:
    return {
        "run": series.run,
        "key": series.key,
        "pointCount": series.point_count,
        "x": series.x,
        "last": series.last,
        "min": series.minimum,
        "max": series.maximum,
        "mean": series.mean,
        "count": series.count,
        "nanCount": series.nan_count,
        "posInfCount": series.positive_infinity_count,
        "negInfCount": series.negative_infinity_count,
    }


async def _access(project: Project, question: Question, _: Arguments) -> str:
    rule = await question.archive.rules.rule(project.entity, project.name)
    if rule.access is ProjectAccess.TEAM and project.entity == question.user.name:
        return ACCESS_NAMES[ProjectAccess.PRIVATE]  # a team of one
    return ACCESS_NAMES[rule.access]


async def _size_bytes(project: Project, question: Question, _: Arguments) -> int:
    return await question.archive.bytes_of_project(project)


async def _read_only(project: Project, question: Question, _: Arguments) -> bool:
    return not await question.archive.rules.may_write(project.entity, project.name)


async def _owner(project: Project, question: Question, _: Arguments) -> User | None:
    return await question.archive.people.named(project.entity)


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "project": _project,
        "model": _project,
        "models": _projects,
        "projects": _projects,
    },
    "Project": {
        "id": lambda project, *_: node_id("Project", project.id),
        "internalId": lambda project, *_: str(project.id),
        "entityName": lambda project, *_: project.entity,
        "entity": lambda project, *_: entity_named(project.entity),
        "user": _owner,
        "access": _access,
        "createdAt": lambda project, *_: timestamp(project.created_at),
        "updatedAt": lambda project, *_: timestamp(
            project.last_activity_at or project.created_at
        ),
        "lastActivityAt": lambda project, *_: timestamp(project.last_activity_at),
        "isBenchmark": lambda *_: False,
        "readOnly": _read_only,
        "sizeBytes": _size_bytes,
        "tags": lambda *_: [],
        "run": _run,
        "bucket": _run,
        "runs": _runs,
        "runCount": _run_count,
        "views": lambda *_: {},
        "allViews": lambda *_: connection([], False, 0),
        "metricKeys": _metric_keys,
        "metricColumns": _metric_columns,
        "historySeries": _history_series,
    },
}
