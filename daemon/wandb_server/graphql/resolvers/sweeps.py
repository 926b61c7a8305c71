"""Sweeps: made and controlled by people, worked on by agents."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wandb_proto import json_codec

from wandb_server.errors import NotFound, QueryError
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    connection,
    node_id,
    page_of,
    parse_json,
    parts_of_id,
    timestamp,
)
from wandb_server.graphql.resolvers.changes import PROJECT_DEFAULT, payload
from wandb_server.graphql.resolvers.projects import read_filters, run_page
from wandb_server.model.accounts import User
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run
from wandb_server.model.sweeps import Sweep, SweepAgent, SweepUpsert

SWEEPS_PER_PAGE = 50


# ---- asked ---------------------------------------------------------------------------


async def _of_project(
    project: Project, question: Question, arguments: Arguments
) -> Sweep | None:
    return await question.archive.sweeps.sweep(
        project.entity, project.name, arguments["sweepName"]
    )


async def _list(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    asked, after = arguments.get("first"), arguments.get("after")
    limit = question.limits.page_items_max
    count = max(0, min(SWEEPS_PER_PAGE if asked is None else asked, limit))
    start = int(after) if after and after.isdecimal() else 0
    found, total = await question.archive.sweeps.sweeps_of(project, start, count)
    edges: list[dict[str, Any]] = [
        {"node": sweep, "cursor": str(number)}
        for number, sweep in enumerate(found, start + 1)
    ]
    return connection(edges, start + len(found) < total, total)


async def _total(project: Project, question: Question, __: Arguments) -> int:
    _, total = await question.archive.sweeps.sweeps_of(project, 0, 0)
    return total


async def _of_run(run: Run, question: Question, _: Arguments) -> Sweep | None:
    if not run.sweep:
        return None
    return await question.archive.sweeps.sweep(run.entity, run.project, run.sweep)


async def _project(sweep: Sweep, question: Question, _: Arguments) -> Project | None:
    return await question.archive.project(sweep.entity, sweep.project)


async def _user(sweep: Sweep, question: Question, _: Arguments) -> User | None:
    return await question.archive.people.named(sweep.user_name)


async def _runs(
    sweep: Sweep, question: Question, arguments: Arguments
) -> dict[str, Any]:
    asked = read_filters(arguments.get("filters"))
    filters = {"$and": [{"sweep": sweep.name}, *([asked] if asked else [])]}
    place = (sweep.entity, sweep.project)
    return await run_page(place, filters, question, arguments)


async def _agents(sweep: Sweep, question: Question, _: Arguments) -> dict[str, Any]:
    found = await question.archive.sweeps.agents(sweep)
    return page_of(found, None, None, question.limits.page_items_max)


async def _agent(
    sweep: Sweep, question: Question, arguments: Arguments
) -> SweepAgent | None:
    asked = arguments["agentName"]
    known = await question.archive.sweeps.agents(sweep)
    return next((one for one in known if asked in (_agent_id(one), str(one.id))), None)


def _agent_id(agent: SweepAgent) -> str:
    return node_id("SweepAgent", agent.id)


# ---- changed -------------------------------------------------------------------------


async def _upsert(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    prior = given.get("priorRunsFilters")
    upsert = SweepUpsert(
        entity=question.archive.entity(given.get("entityName")),
        project=given.get("projectName") or PROJECT_DEFAULT,
        config_text=given.get("config") or None,
        display_name=given.get("displayName") or None,
        description=given.get("description") or None,
        state=given.get("state") or None,
        prior_runs=read_filters(prior) if prior else None,
        controller_json=_json_text(given, "controller"),
        scheduler_json=_json_text(given, "scheduler"),
    )
    if given.get("id"):
        upsert = await _of_known(question, upsert, given["id"])
    sweep, warnings = await question.archive.sweeps.upsert(upsert)
    return payload(given, sweep=sweep, configValidationWarnings=warnings)


async def _of_known(
    question: Question, upsert: SweepUpsert, identity: str
) -> SweepUpsert:
    """Clients name a sweep by its id; people who write requests also by its name."""
    parts = parts_of_id("Sweep", identity)
    if parts is not None and parts[0].isdecimal():
        return replace(upsert, sweep_id=int(parts[0]))
    place = (upsert.entity, upsert.project, identity)
    known = await question.archive.sweeps.sweep(*place)
    if known is None:
        raise NotFound("sweep", "/".join(place))
    return replace(upsert, sweep_id=known.id)


def _json_text(given: Mapping[str, Any], key: str) -> str | None:
    text = given.get(key)
    if text is not None:
        parse_json(text, key)
    return text


async def _create_agent(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    entity = question.archive.entity(given.get("entityName"))
    project = given.get("projectName") or PROJECT_DEFAULT
    sweep = await question.archive.sweeps.sweep(entity, project, given["sweep"])
    if sweep is None:
        raise NotFound("sweep", f"{entity}/{project}/{given['sweep']}")
    agent = await question.archive.sweeps.add_agent(sweep, given["host"])
    return payload(given, agent=agent)


async def _heartbeat(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    parts = parts_of_id("SweepAgent", given["id"])
    if parts is None or not parts[0].isdecimal():
        raise NotFound("agent", given["id"])
    running = _running(given.get("runState"))
    agent, commands = await question.archive.sweeps.heartbeat(int(parts[0]), running)
    text = json_codec.dumps(list(commands)).decode()
    return payload(given, agent=agent, commands=text)


def _running(text: str | None) -> Sequence[str]:
    told = parse_json(text, "runState") if text else {}
    if not isinstance(told, dict):
        raise QueryError("runState", "must be a JSON object: run id -> true")
    return [name for name, goes_on in told.items() if goes_on]


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Project": {"sweep": _of_project, "sweeps": _list, "totalSweeps": _total},
    "Run": {
        "sweep": _of_run,
        "exitcode": lambda run, *_: run.exit_code,
        "shouldStop": lambda run, *_: run.stop_requested,
        "failed": lambda run, *_: run.state in ("failed", "crashed", "killed"),
        "running": lambda run, *_: run.state == "running",
    },
    "Sweep": {
        "id": lambda sweep, *_: node_id("Sweep", sweep.id),
        "bestLoss": lambda sweep, *_: sweep.best_value,
        "config": lambda sweep, *_: sweep.config_text,
        "createdAt": lambda sweep, *_: timestamp(sweep.created_at),
        "updatedAt": lambda sweep, *_: timestamp(sweep.updated_at),
        "heartbeatAt": lambda sweep, *_: timestamp(sweep.heartbeat_at),
        "earlyStopJobRunning": lambda *_: False,
        "controller": lambda sweep, *_: sweep.controller_json,
        "scheduler": lambda sweep, *_: sweep.scheduler_json,
        "user": _user,
        "project": _project,
        "runs": _runs,
        "agents": _agents,
        "agent": _agent,
    },
    "Agent": {
        "id": lambda agent, *_: _agent_id(agent),
        "name": lambda agent, *_: _agent_id(agent),
        "totalRuns": lambda agent, *_: agent.run_count,
        "createdAt": lambda agent, *_: timestamp(agent.created_at),
        "heartbeatAt": lambda agent, *_: timestamp(agent.heartbeat_at),
    },
    "Mutation": {
        "upsertSweep": _upsert,
        "createAgent": _create_agent,
        "agentHeartbeat": _heartbeat,
    },
}
