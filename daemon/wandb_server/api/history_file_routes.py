"""Histories as Parquet, by signed addresses: clients read them whole or in ranges.

GET  /history-files/{object}/{name}
"""

from collections.abc import AsyncIterator

from aiohttp import web

from wandb_server.api.answers import error_answer
from wandb_server.api.sent_file import SentFile, send_file
from wandb_server.api.surroundings import Visit

MIMETYPE = "application/vnd.apache.parquet"


async def get_history_file(visit: Visit) -> web.StreamResponse:
    """Send the file, or a part of it; 404 when it was made anew or removed."""
    parts = visit.request.match_info
    number = int(parts["object"])  # signed by us: it is one
    archive = visit.around.archive
    size_bytes = await archive.history_file_size(number)
    if size_bytes is None:
        return error_answer(
            404, f"The file {parts['name']} is gone. Ask for the run's history again."
        )

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        return archive.read_history_file(number, start, end)

    return await send_file(
        visit.request, SentFile(parts["name"], size_bytes, MIMETYPE, read)
    )
