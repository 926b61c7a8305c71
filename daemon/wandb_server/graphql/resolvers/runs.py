"""A run as listed: attributes, config, summary and what resuming needs."""

from collections.abc import Awaitable, Mapping

from wandb_proto import json_codec

from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    timestamp,
)
from wandb_server.model.accounts import User
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run

HISTORY_FILE = "wandb-history.jsonl"
EVENTS_FILE = "wandb-events.jsonl"


async def _project(run: Run, question: Question, _: Arguments) -> Project | None:
    return await question.archive.project(run.entity, run.project)


def _user(
    run: Run, question: Question, _: Arguments
) -> User | Awaitable[User | None] | None:
    # Most runs of a list are of who asks: nothing to wait for.
    if run.user_name == question.user.name:
        return question.user
    return question.archive.people.named(run.user_name)


async def _size_bytes(run: Run, question: Question, _: Arguments) -> int:
    return await question.archive.of(run).bytes_of_run(run)


async def _read_only(run: Run, question: Question, _: Arguments) -> bool:
    return not await question.archive.rules.may_write(run.entity, run.project)


def _wandb_config(run: Run, _: Question, arguments: Arguments) -> str:
    config = json_codec.loads(run.config_json or "{}")
    private = config.get("_wandb", {}).get("value", {})
    keys = arguments.get("keys")
    if keys is not None:
        private = {key: private[key] for key in keys if key in private}
    return json_codec.dumps(private).decode()


def _refused_rows(run: Run, _: Question, __: Arguments) -> int | None:
    if "refused_rows" not in run.config_json:
        return None
    config = json_codec.loads(run.config_json)
    private = config.get("_wandb", {}).get("value", {})
    count = private.get("refused_rows")
    return count if isinstance(count, int) else None


def _summary(run: Run, _: Question, arguments: Arguments) -> str:
    keys = arguments.get("keys")
    if keys is None:
        return run.summary_json
    summary = json_codec.loads(run.summary_json or "{}")
    chosen = {key: summary[key] for key in keys if key in summary}
    return json_codec.dumps(chosen).decode()


async def _tail(run: Run, question: Question, file: str) -> str:
    line = await question.archive.of(run).tail_line(run, file)
    return json_codec.dumps([] if line is None else [line]).decode()


async def _history_tail(run: Run, question: Question, _: Arguments) -> str:
    return await _tail(run, question, HISTORY_FILE)


async def _events_tail(run: Run, question: Question, _: Arguments) -> str:
    return await _tail(run, question, EVENTS_FILE)


async def _system_metrics(run: Run, question: Question, _: Arguments) -> str:
    if run.events_line_count == 0:
        return "{}"
    line = await question.archive.of(run).tail_line(run, EVENTS_FILE)
    return line or "{}"


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Run": {
        "id": lambda run, *_: run.storage_id,
        "internalId": lambda run, *_: str(run.id),
        "projectId": lambda run, *_: str(run.project_id),
        "project": _project,
        "description": lambda run, *_: run.notes,
        "groupName": lambda run, *_: run.group,
        "sweepName": lambda run, *_: run.sweep,
        "readOnly": _read_only,
        "sizeBytes": _size_bytes,
        "createdAt": lambda run, *_: timestamp(run.created_at),
        "updatedAt": lambda run, *_: timestamp(run.heartbeat_at),
        "heartbeatAt": lambda run, *_: timestamp(run.heartbeat_at),
        "finishedAt": lambda run, *_: timestamp(run.finished_at),
        "user": _user,
        "stopped": lambda run, *_: run.stop_requested,
        "config": lambda run, *_: run.config_json,
        "wandbConfig": _wandb_config,
        "refusedRows": _refused_rows,
        "summaryMetrics": _summary,
        "systemMetrics": _system_metrics,
        "historyTail": _history_tail,
        "eventsTail": _events_tail,
    },
}
