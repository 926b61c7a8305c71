"""Mutations: what clients may change about projects, runs and files."""

import secrets
from collections.abc import Mapping
from typing import Any

from wandb_server.errors import NotFound, QueryError
from wandb_server.graphql.question import Arguments, Question, Resolver, parts_of_id
from wandb_server.graphql.resolvers.files import normalised, place_of
from wandb_server.model.people import ProjectAccess
from wandb_server.model.runs import Run, RunUpsert

PROJECT_DEFAULT = "uncategorized"
"""Where runs go that name no project, as with the official product."""

ACCESS_WORDS = {
    "PRIVATE": ProjectAccess.PRIVATE,
    "TEAM": ProjectAccess.TEAM,
    "PUBLIC": ProjectAccess.PUBLIC,
    "RESTRICTED": ProjectAccess.PRIVATE,
    "ENTITY_READ": ProjectAccess.TEAM,
    "ENTITY_WRITE": ProjectAccess.TEAM,
    "USER_READ": ProjectAccess.PUBLIC,
}
RUN_STATES = frozenset(
    [
        "running",
        "finished",
        "failed",
        "crashed",
        "killed",
        "preempting",
        "preempted",
        "pending",
    ]
)
RUN_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


async def _upsert_bucket(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    upsert = _run_upsert(question, given)
    run, inserted = await question.archive.upsert_run(upsert)
    return payload(given, bucket=run, inserted=inserted)


def _run_upsert(question: Question, given: Mapping[str, Any]) -> RunUpsert:
    storage_id = given.get("id") or None
    name = given.get("name") or None
    if name is None and storage_id is None:
        name = "".join(secrets.choice(RUN_ID_CHARACTERS) for _ in range(8))
    tags = given.get("tags")
    state = given.get("state") or None
    if state is not None and state not in RUN_STATES:
        raise QueryError("state", f"{state!r} is not a state of a run")
    return RunUpsert(
        entity=question.archive.entity(given.get("entityName")),
        project=given.get("modelName") or PROJECT_DEFAULT,
        name=name,
        # Both are sent with updates; the name within its project is what counts.
        storage_id=storage_id,
        display_name=given.get("displayName"),
        notes=given.get("notes"),
        config_json=given.get("config"),
        summary_json=given.get("summaryMetrics"),
        group=given.get("groupName"),
        job_type=given.get("jobType"),
        tags=None if tags is None else tuple(tags),
        commit=given.get("commit"),
        repo=given.get("jobRepo"),
        host=given.get("host"),
        program=given.get("jobProgram"),
        sweep=given.get("sweep"),
        state=state,
        writer=question.writer,
    )


async def _upsert_model(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    entity = question.archive.entity(given.get("entityName"))
    name = given.get("name") or PROJECT_DEFAULT
    access = read_access(given.get("access"))
    # Who says who may come to a project need not be one who may write there.
    project = None if access is None else await question.archive.project(entity, name)
    inserted = False
    if project is None:
        project, inserted = await question.archive.create_project(entity, name)
    if access is not None:
        await question.archive.set_access(project, access, made=inserted)
    return payload(given, model=project, project=project, inserted=inserted)


def read_access(text: str | None) -> ProjectAccess | None:
    """What clients call it, in the words of either product.

    Raises:
        QueryError: a word that means nothing here.
    """
    if not text:
        return None
    if (found := ACCESS_WORDS.get(text.upper())) is None:
        raise QueryError("access", f"{text!r} is none of {', '.join(ACCESS_WORDS)}")
    return found


async def _run_of(question: Question, given: Mapping[str, Any]) -> Run:
    entity = question.archive.entity(given.get("entityName"))
    run = await question.archive.run(entity, given["projectName"], given["runName"])
    if run is None:
        place = f"{entity}/{given['projectName']}/{given['runName']}"
        raise NotFound("run", place)
    return run


async def _create_run_files(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    run = await _run_of(question, given)
    await question.archive.writer_of(run)
    files = [
        {
            "name": name,
            "uploadUrl": question.addresses.upload(place_of(run, normalised(name))),
        }
        for name in given["files"]
    ]
    return {"runID": run.storage_id, "uploadHeaders": [], "files": files}


async def _mark_uploaded(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    run = await _run_of(question, arguments["input"])
    await question.archive.writer_of(run)  # a file is there once it was stored
    return {"success": True}


async def _delete_files(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    for file_id in given["files"]:
        parts = parts_of_id("File", file_id)
        run = await question.archive.run_by_storage_id(parts[0]) if parts else None
        if parts is None or run is None:
            raise NotFound("file", file_id)
        writer = await question.archive.writer_of(run)
        if not await writer.delete_file(run, parts[1]):
            raise NotFound("file", parts[1])
    return payload(given, success=True)


async def _delete_run(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    run = await question.archive.run_by_storage_id(given["id"])
    if run is None:
        raise NotFound("run", given["id"])
    freed = 0
    if given.get("deleteArtifacts"):
        freed = await question.archive.artifacts.delete_of_run(run)
    freed += await question.archive.delete_run(given["id"]) or 0
    return payload(given, success=True, bytesFreed=freed)


async def _stop_run(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    return payload(given, success=await question.archive.request_stop(given["id"]))


async def _update_run_state(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    if given["state"] not in RUN_STATES:
        state = given["state"]
        raise QueryError("state", f"{state!r} is not a state of a run")
    done = await question.archive.set_run_state(given["id"], given["state"])
    return payload(given, success=done)


def payload(given: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """What a mutation answers, with what the client wants back unchanged."""
    return {"clientMutationId": given.get("clientMutationId"), **fields}


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    # Nothing is announced to clients; older ones cannot do without the list.
    "UpsertBucketPayload": {"serverSettings": lambda *_: {"serverMessages": []}},
    "Mutation": {
        "upsertBucket": _upsert_bucket,
        "upsertModel": _upsert_model,
        "createRunFiles": _create_run_files,
        "markRunFilesUploaded": _mark_uploaded,
        "deleteFiles": _delete_files,
        "deleteRun": _delete_run,
        "stopRun": _stop_run,
        "updateRunState": _update_run_state,
    },
}
