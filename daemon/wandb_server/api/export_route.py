"""A run's history as Parquet: `GET /api/export/<entity>/<project>/<run>.parquet`.

Whoever may read the run may have it. The file is made by the first who asks.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

from aiohttp import web

from wandb_server.api.answers import error_answer
from wandb_server.api.sent_file import SentFile, send_file
from wandb_server.api.surroundings import Visit
from wandb_server.errors import QueryError, StorageDamaged

PIECE_BYTES = 1024 * 1024
MIMETYPE = "application/vnd.apache.parquet"


async def get_export(visit: Visit) -> web.StreamResponse:
    """Send the file; 404 without such a run, 409 while it has no rows."""
    parts = visit.request.match_info
    run = await visit.archive.run(parts["entity"], parts["project"], parts["run"])
    if run is None:
        place = f"{parts['entity']}/{parts['project']}/{parts['run']}"
        return error_answer(404, f"There is no run {place}.")
    try:
        path = await visit.archive.of(run).export_parquet(run)
    except (QueryError, StorageDamaged) as error:
        return error_answer(409, f"Run {run.name} cannot be exported: {error}.")
    with path.open("rb") as file:
        size = file.seek(0, 2)

        async def read(start: int, end: int) -> AsyncIterator[bytes]:
            return _pieces(file, start, end)

        sent = SentFile(f"{run.name}.parquet", size, MIMETYPE, read)
        return await send_file(visit.request, sent)


async def _pieces(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    await asyncio.to_thread(file.seek, start)
    while start < end:
        piece = await asyncio.to_thread(file.read, min(PIECE_BYTES, end - start))
        if not piece:
            return
        start += len(piece)
        yield piece
