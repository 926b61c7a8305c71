"""POST /files/{entity}/{project}/{run}/file_stream: rows, summary and console lines.

Only what can never succeed is answered with a status that ends the client's stream: a
run that does not exist, or a body that is no file stream request.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from wandb_server.api.answers import error_answer, json_answer
from wandb_server.api.bodies import read_json
from wandb_server.api.surroundings import Visit
from wandb_server.errors import RequestRejected
from wandb_server.model.file_stream import FileChunk, FileStreamPost

COUNTED_FILES = frozenset(
    ("wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json", "output.log")
)
UNTOLD_BYTES = 1024 * 1024
"""What a body is taken for whose size nobody told."""
PACKED_FACTOR = 8
"""So much smaller rows become by compressing."""
CLIENT_ID_HEADER = "X-Wandb-Async-Client-Id"
NAME_CHARACTERS_MAX = 512
"""Of files, logs and writers: rows are looked up by them, and PostgreSQL refuses index
entries of more than 2,704 bytes."""


async def take_file_stream(visit: Visit) -> web.Response:
    """Store one request; the answer tells the client whether to stop."""
    parts = visit.request.match_info
    entity, project, run = parts["entity"], parts["project"], parts["run"]
    async with visit.around.intake.room(_size_of(visit.request)):
        body = await read_json(visit.request, visit.around.settings.limits)
        post = read_post(body, visit.request.headers.get(CLIENT_ID_HEADER))
        answer = await visit.archive.post_file_stream(entity, project, run, post)
    if answer is None:
        return error_answer(404, f"There is no run {entity}/{project}/{run}.")
    for chunk in post.chunks:
        name = chunk.file if chunk.file in COUNTED_FILES else "other"
        visit.around.measures.ingested_lines[name] += len(chunk.lines)
    return json_answer({"stopped": True} if answer.stopped else {})


def _size_of(request: web.Request) -> int:
    """About how many bytes the body is, unpacked."""
    told = request.content_length
    if told is None:
        return UNTOLD_BYTES
    return told * PACKED_FACTOR if "Content-Encoding" in request.headers else told


async def refuse_empty_path(_: Visit) -> web.Response:
    """A client that was not told its entity or project; nothing can be stored."""
    return error_answer(404, "The path names no entity, project or run.")


def read_post(body: Any, client_id: str | None = None) -> FileStreamPost:
    """The parts of a parsed body.

    Raises:
        RequestRejected: it is no file stream request; the message names the part.
    """
    if not isinstance(body, dict):
        raise RequestRejected("The body must be a JSON object.")
    files = body.get("files") or {}
    _require(isinstance(files, dict), "files")
    uploaded = body.get("uploaded") or []
    _require(_is_texts(uploaded), "uploaded")
    exit_code, log_id = body.get("exitcode"), body.get("log_id")
    _require(isinstance(exit_code, int | None), "exitcode")
    _require(isinstance(log_id, str | None), "log_id")
    state = body.get("state")
    _require(isinstance(state, str | None), "state")
    for part, name in (("log_id", log_id), (CLIENT_ID_HEADER, client_id)):
        _require_short(name or "", part)
    return FileStreamPost(
        chunks=tuple(_chunk(name, chunk) for name, chunk in files.items()),
        uploaded=tuple(uploaded),
        preempting=body.get("preempting") is True,
        complete=body.get("complete") is True,
        exit_code=exit_code,
        state=state,
        log_id=log_id or None,
        client_id=client_id or None,
    )


def _chunk(name: str, chunk: Any) -> FileChunk:
    _require_short(name, "files")
    _require(isinstance(chunk, Mapping), f"files.{name}")
    offset, content = chunk.get("offset") or 0, chunk.get("content") or []
    _require(type(offset) is int and offset >= 0, f"files.{name}.offset")
    _require(_is_texts(content), f"files.{name}.content")
    return FileChunk(file=name, first_line=offset, lines=tuple(content))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _require_short(name: str, part: str) -> None:
    if len(name) > NAME_CHARACTERS_MAX:
        raise RequestRejected(
            f"A name in {part} has {len(name)} characters, "
            f"at most {NAME_CHARACTERS_MAX} are stored."
        )


def _require(fine: bool, part: str) -> None:
    if not fine:
        raise RequestRejected(f"{part} has the wrong type.")
