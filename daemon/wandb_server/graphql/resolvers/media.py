"""Media of runs step by step."""

from collections.abc import Mapping
from typing import Any

from wandb_server.errors import NotFound, QueryError
from wandb_server.graphql.question import Arguments, Question, Resolver
from wandb_server.model.history import MediaValue
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run
from wandb_server.strict_json import strict

RUNS_COUNT_MAX = 200


async def _runs(
    project: Project, question: Question, arguments: Arguments
) -> list[Run]:
    names = list(dict.fromkeys(arguments["runs"]))
    if len(names) > RUNS_COUNT_MAX:
        raise QueryError("runs", f"more than {RUNS_COUNT_MAX}")
    found = [
        await question.archive.run(project.entity, project.name, name) for name in names
    ]
    return [run for run in found if run is not None]


async def _media_steps(
    project: Project, question: Question, arguments: Arguments
) -> list[dict[str, Any]]:
    answers = []
    for run in await _runs(project, question, arguments):
        archive = question.archive.of(run)
        if steps := await archive.media_steps(run, arguments["key"]):
            answers.append({"run": run.name, "steps": list(steps)})
    return answers


async def _media_at(
    project: Project, question: Question, arguments: Arguments
) -> list[dict[str, Any]]:
    answers = []
    for run in await _runs(project, question, arguments):
        archive = question.archive.of(run)
        found = await archive.media_at(run, arguments["key"], arguments.get("step"))
        if found is not None:
            answers.append(_value(run, found))
    return answers


async def _media_rows(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    run = await question.archive.run(project.entity, project.name, arguments["run"])
    if run is None:
        raise NotFound("run", arguments["run"])
    rows, total = await question.archive.of(run).media_rows(
        run, arguments["key"], arguments.get("count") or 100
    )
    return {"total": total, "rows": [_value(run, row) for row in rows]}


def _value(run: Run, found: MediaValue) -> dict[str, Any]:
    return {"run": run.name, "step": found.step, "value": strict(found.value)}


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Project": {
        "mediaSteps": _media_steps,
        "mediaAt": _media_at,
        "mediaRows": _media_rows,
    },
}
