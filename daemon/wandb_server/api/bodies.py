"""Request bodies: bounded by the application, parsed off the loop when large."""

import asyncio
from typing import Any

from aiohttp import web
from wandb_proto import json_codec

from wandb_server.errors import RequestRejected

LARGE_BYTES = 128 * 1024
"""Parsing this much takes about a millisecond: beyond, a thread does it."""


async def read_json(request: web.Request) -> Any:
    """The body as JSON; bare NaN is understood.

    Raises:
        RequestRejected: it is not JSON.
    """
    body = await request.read()
    try:
        if len(body) > LARGE_BYTES:
            return await asyncio.to_thread(json_codec.loads, body)
        return json_codec.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestRejected(f"The body is not JSON: {error}") from error
