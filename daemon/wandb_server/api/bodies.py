"""Request bodies: bounded by the application, parsed off the loop when large."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError
from wandb_proto import json_codec

from wandb_server.errors import RequestRejected

LARGE_BYTES = 128 * 1024
"""Parsing this much takes about a millisecond: beyond, a thread does it."""


async def read_json(request: web.Request) -> Any:
    """The body as JSON; bare NaN is understood.

    Raises:
        RequestRejected: it is not JSON, or not compressed as its header says.
    """
    try:
        body = await request.read()
    except web.RequestPayloadError as error:
        if not isinstance(error.__cause__, ContentEncodingError):
            raise  # it ended early: trying again helps
        encoding = request.headers.get("Content-Encoding")
        raise RequestRejected(f"The body is not {encoding}.") from error
    try:
        if len(body) > LARGE_BYTES:
            return await asyncio.to_thread(json_codec.loads, body)
        return json_codec.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestRejected(f"The body is not JSON: {error}") from error
