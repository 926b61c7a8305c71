"""POST /graphql."""

import socket

from aiohttp import web

from wandb_server.api.answers import json_bytes
from wandb_server.api.bodies import read_json
from wandb_server.api.surroundings import Visit
from wandb_server.graphql.executor import read_request
from wandb_server.graphql.question import Question
from wandb_server.model.runs import RunWriter

COMPRESSED_BYTES_MIN = 4 * 1024
"""Shorter answers are sent as they are."""
SHARED_HEADER = "X-Wandb-Use-Async-Filestream"
CLIENT_ID_HEADER = "X-Wandb-Client-Id"
LEAVES_RUN_OPEN_HEADER = "X-Wandb-Leaves-Run-Open"
"""Ours: this writer's end is not the run's."""
OLD_READER = "wandb-core"
"""How readers before 0.28 call themselves: they drop rows with nulls when they scan
Parquet by keys, and read NaN as text.
"""


async def answer_graphql(visit: Visit) -> web.Response:
    """Execute the document for the visitor."""
    request = read_request(await read_json(visit.request, visit.around.settings.limits))
    around = visit.around
    assert visit.user is not None
    question = Question(
        user=visit.user,
        archive=visit.archive,
        addresses=around.addresses,
        limits=around.settings.limits,
        writer=_writer(visit.request),
        reads_history_files=visit.request.headers.get("User-Agent") != OLD_READER,
    )
    answer = await around.executor.execute(request, question)
    response = json_bytes(answer.body, answer.status)
    if len(answer.body) >= COMPRESSED_BYTES_MIN and not _is_local(visit.request):
        response.enable_compression()  # as the client says that it can
    if answer.retry_after_s is not None:
        response.headers["Retry-After"] = f"{answer.retry_after_s:g}"
    return response


def _is_local(request: web.Request) -> bool:
    """Whether it came through the Unix socket: nothing there is worth compressing."""
    transport = request.transport
    found = None if transport is None else transport.get_extra_info("socket")
    return found is not None and found.family == socket.AF_UNIX


def _writer(request: web.Request) -> RunWriter:
    headers = request.headers
    shared = headers.get(SHARED_HEADER, "").lower() == "true"
    return RunWriter(
        client_id=headers.get(CLIENT_ID_HEADER, "") if shared else "",
        leaves_run_open=headers.get(LEAVES_RUN_OPEN_HEADER, "").lower() == "true",
    )
