"""Files of a run: PUT and GET, by signed address or by the user."""

from aiohttp import web

from wandb_server.api.answers import error_answer
from wandb_server.api.bodies import file_pieces
from wandb_server.api.sent_file import SentFile, send_file
from wandb_server.api.surroundings import Visit
from wandb_server.model.runs import Run

PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT",
    "Access-Control-Allow-Headers": "Content-Type, Content-MD5, Range",
    "Access-Control-Max-Age": "3600",
}


async def put_file(visit: Visit) -> web.StreamResponse:
    """Store the body as the named file."""
    run = await _run(visit)
    if run is None:
        return _no_run(visit)
    name = visit.request.match_info["name"]
    body = file_pieces(visit.request, visit.around.settings.limits)
    archive = await visit.archive.writer_of(run)
    await archive.write_file(run, name, body)
    return web.Response(status=200)


async def get_file(visit: Visit) -> web.StreamResponse:
    """Send the named file, so that no browser runs what is in it."""
    run = await _run(visit)
    if run is None:
        return _no_run(visit)
    name = visit.request.match_info["name"]
    archive = visit.archive.of(run)
    found = await archive.files(run, names=[name])
    if not found:
        return error_answer(404, f"There is no file {name} in run {run.name}.")
    file = SentFile(
        name,
        found[0].size_bytes,
        found[0].mimetype,
        lambda start, end: archive.read_file(run, name, start, end),
    )
    return await send_file(visit.request, file)


async def allow_other_origins(_: Visit) -> web.StreamResponse:
    """Answer what browsers ask before a page of another origin may read or send a file.

    Only by a signed address, which is all the proof there is: no cookie comes along.
    """
    return web.Response(status=204, headers=PREFLIGHT_HEADERS)


async def _run(visit: Visit) -> Run | None:
    parts = visit.request.match_info
    return await visit.archive.run(parts["entity"], parts["project"], parts["run"])


def _no_run(visit: Visit) -> web.Response:
    parts = visit.request.match_info
    place = f"{parts['entity']}/{parts['project']}/{parts['run']}"
    return error_answer(404, f"There is no run {place}.")
