"""Alerts: taken from runs, listed for pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from wandb_server.errors import NotFound
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    node_id,
    timestamp,
)
from wandb_server.model.notices import Alert
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run


async def _notify(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    archive = question.archive
    entity = archive.entity(given.get("entityName"))
    run = await archive.run(entity, given["projectName"], given["runName"])
    if run is None:
        place = f"{entity}/{given['projectName']}/{given['runName']}"
        raise NotFound("run", place)
    severity = given.get("severity") or "INFO"
    writer = await archive.writer_of(run)
    await writer.add_alert(run, given["title"], given["text"], severity)
    return {"success": True, "clientMutationId": given.get("clientMutationId")}


async def _of_run(run: Run, question: Question, _: Arguments) -> Sequence[Alert]:
    return await question.archive.of(run).alerts_of_run(run)


async def _of_project(
    project: Project, question: Question, arguments: Arguments
) -> Sequence[Alert]:
    asked = arguments.get("first")
    count = max(0, min(50 if asked is None else asked, question.limits.page_items_max))
    return await question.archive.alerts_of_project(project, count)


async def _run(alert: Alert, question: Question, _: Arguments) -> Run | None:
    return await question.archive.run(alert.entity, alert.project, alert.run)


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Mutation": {"notifyScriptableRunAlert": _notify},
    "Run": {"alerts": _of_run},
    "Project": {"alerts": _of_project},
    "Alert": {
        "id": lambda alert, *_: node_id("Alert", alert.id),
        "createdAt": lambda alert, *_: timestamp(alert.created_at),
        "run": _run,
    },
}
