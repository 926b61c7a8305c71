"""GET /metrics: numbers for Prometheus.

For admins of the server, for whoever has the control token, and for everybody if
WANDB_SERVER_METRICS=open: names and values of users' data are not in it.
"""

from aiohttp import web

from wandb_server.api.measures import exposition
from wandb_server.api.surroundings import Visit


async def show_metrics(visit: Visit) -> web.Response:
    """The text form 0.0.4."""
    store = await visit.around.archive.store_measures()
    return web.Response(
        body=exposition(visit.around.measures, store).encode(),
        headers={
            "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
            "Cache-Control": "no-store",
        },
    )
