"""Request bodies: bounded by the application, parsed off the loop when large."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError
from wandb_proto import json_codec

from wandb_server.errors import RequestRejected
from wandb_server.settings import Limits

CHUNK_BYTES = 256 * 1024
LARGE_BYTES = 128 * 1024
"""Parsing this much takes about a millisecond: beyond, a thread does it."""


async def read_json(request: web.Request, limits: Limits) -> Any:
    """The body as JSON; bare NaN is understood.

    Raises:
        RequestRejected: it is not JSON, not compressed as its header says, or does not
            arrive.
    """
    try:
        async with asyncio.timeout(limits.body_s_max):
            body = await request.read()
    except TimeoutError as error:
        raise RequestRejected(
            f"The request did not arrive within {limits.body_s_max:g} s.", status=408
        ) from error
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


async def file_pieces(request: web.Request, limits: Limits) -> AsyncIterator[bytes]:
    """The body of a file as it comes.

    Raises:
        RequestRejected: it is too long, or nothing comes any more.
    """
    pieces = request.content.iter_chunked(CHUNK_BYTES)
    received = 0
    while True:
        try:
            async with asyncio.timeout(limits.silence_s_max):
                piece = await anext(pieces, b"")
        except TimeoutError as error:
            raise RequestRejected(
                f"Nothing of the file arrived for {limits.silence_s_max:g} s.",
                status=408,
            ) from error
        if not piece:
            return
        received += len(piece)
        if received > limits.file_bytes_max:
            raise RequestRejected(
                f"The file is larger than {limits.file_bytes_max} bytes.", status=413
            )
        yield piece
