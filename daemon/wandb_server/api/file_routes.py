"""Files of a run: PUT and GET, by signed address or by the user."""

import mimetypes
from collections.abc import AsyncIterator
from urllib.parse import quote

from aiohttp import web

from wandb_server.api.answers import UPLOADED_FILE_HEADERS, error_answer
from wandb_server.api.surroundings import Visit
from wandb_server.errors import RequestRejected
from wandb_server.model import Run

CHUNK_BYTES = 256 * 1024
SHOWN_TYPES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
"""Shown by browsers in place; everything else is offered for download."""


async def put_file(visit: Visit) -> web.StreamResponse:
    """Store the body as the named file."""
    run = await _run(visit)
    if run is None:
        return _no_run(visit)
    name = visit.request.match_info["name"]
    bytes_max = visit.around.settings.limits.file_bytes_max
    await visit.archive.of(run).write_file(run, name, _bounded(visit, bytes_max))
    return web.Response(status=200)


async def _bounded(visit: Visit, bytes_max: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in visit.request.content.iter_chunked(CHUNK_BYTES):
        received += len(chunk)
        if received > bytes_max:
            raise RequestRejected(
                f"The file is larger than {bytes_max} bytes.", status=413
            )
        yield chunk


async def get_file(visit: Visit) -> web.StreamResponse:
    """Send the named file, so that no browser runs what is in it."""
    run = await _run(visit)
    if run is None:
        return _no_run(visit)
    name = visit.request.match_info["name"]
    found = await visit.archive.of(run).files(run, names=[name])
    body = await visit.archive.of(run).read_file(run, name) if found else None
    if body is None:
        return error_answer(404, f"There is no file {name} in run {run.name}.")
    guessed = found[0].mimetype or mimetypes.guess_type(name)[0]
    shown = guessed in SHOWN_TYPES
    plain_name = quote(name.rpartition("/")[2])
    response = web.StreamResponse(headers=UPLOADED_FILE_HEADERS)
    response.content_type = guessed or "application/octet-stream"
    response.content_length = found[0].size_bytes
    kind = "inline" if shown else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename*=UTF-8''{plain_name}"
    await response.prepare(visit.request)
    if visit.request.method != "HEAD":
        async for chunk in body:
            await response.write(chunk)
    await response.write_eof()
    return response


async def _run(visit: Visit) -> Run | None:
    parts = visit.request.match_info
    return await visit.archive.run(parts["entity"], parts["project"], parts["run"])


def _no_run(visit: Visit) -> web.Response:
    parts = visit.request.match_info
    place = f"{parts['entity']}/{parts['project']}/{parts['run']}"
    return error_answer(404, f"There is no run {place}.")
