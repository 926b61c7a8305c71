"""GET /healthz: the process answers. GET /ready: it can also reach its storage."""

from aiohttp import web

from wandb_server.api.answers import error_answer, json_answer
from wandb_server.api.surroundings import Visit


async def healthy(_: Visit) -> web.Response:
    """Always fine while the process answers."""
    return json_answer({"status": "ok"})


async def collect_garbage(visit: Visit) -> web.Response:
    """POST /api/collect-garbage: delete what nobody refers to."""
    freed_bytes = await visit.around.archive.collect_garbage()
    return json_answer({"freedBytes": freed_bytes})


async def ready(visit: Visit) -> web.Response:
    """503 while draining or when the storage does not answer."""
    if visit.around.closing.begun:
        return error_answer(503, "The server is shutting down.")
    await visit.around.archive.users()
    return json_answer({"status": "ok"})
