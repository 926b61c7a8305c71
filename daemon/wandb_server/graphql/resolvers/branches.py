"""Cutting a run behind a step."""

import math
from collections.abc import Mapping
from typing import Any

from wandb_server.errors import NotFound, QueryError
from wandb_server.graphql.question import Arguments, Question, Resolver
from wandb_server.graphql.resolvers.changes import PROJECT_DEFAULT, payload

STEP = "_step"


async def _rewind(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    entity = question.archive.entity(given.get("entityName"))
    project = given.get("projectName") or PROJECT_DEFAULT
    if given["metricName"] != STEP:
        raise QueryError("metricName", f"a run can only be rewound to a {STEP}")
    step = given["metricValue"]
    if not math.isfinite(step):
        raise QueryError("metricValue", f"{step!r} is not a step")
    run = await question.archive.rewind_run(
        entity, project, given["runName"], math.floor(step)
    )
    if run is None:
        raise NotFound("run", f"{entity}/{project}/{given['runName']}")
    return payload(given, rewoundRun=run)


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {"Mutation": {"rewindRun": _rewind}}
