"""How uploaded bytes are sent: in ranges, and so that no browser runs what is in them.

```
as it is           pictures inline, the rest as a download; sandbox, nothing allowed
?view=frame        html and svg inline, for an <iframe sandbox="allow-scripts"> of our
                   own page: an origin of its own, no requests to anybody
&network=1         the same, with pictures, styles and scripts over https: when the
                   reader says so, for it tells strangers that somebody reads it
```
"""

import logging
import mimetypes
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from wandb_server.api.answers import UPLOADED_FILE_HEADERS, error_answer
from wandb_server.errors import StorageDamaged, StorageError

logger = logging.getLogger(__name__)

SHOWN_TYPES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
"""Shown by browsers in place; everything else is offered for download."""
FRAMED_TYPES = frozenset(("text/html", "image/svg+xml"))
"""May carry script: shown inline in a sandbox only."""
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; "
    "script-src 'unsafe-inline' 'unsafe-eval' {https}blob: data:; "
    "style-src 'unsafe-inline' {https}data:; font-src {https}data:; "
    "img-src {https}blob: data:; media-src blob: data:; connect-src 'none'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
# A range of several parts is answered whole, as every client must be ready for.
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

ReadRange = Callable[[int, int], Awaitable[AsyncIterator[bytes] | None]]
"""The bytes from `start` to before `end`, in pieces; None: it is there no longer."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """What is sent. `name` may be a path; browsers see its last part."""

    name: str
    size_bytes: int
    mimetype: str | None
    read: ReadRange


async def send_file(request: web.Request, file: SentFile) -> web.StreamResponse:
    """Answer GET or HEAD, with Range (video seeks, previews of large files)."""
    mimetype = file.mimetype or mimetypes.guess_type(file.name)[0]
    framed = request.query.get("view") == "frame" and mimetype in FRAMED_TYPES
    headers = dict(UPLOADED_FILE_HEADERS)
    if framed:
        https = "https: " if request.query.get("network") == "1" else ""
        headers["Content-Security-Policy"] = FRAME_POLICY.format(https=https)
        headers["X-Frame-Options"] = "SAMEORIGIN"
    headers["Accept-Ranges"] = "bytes"
    shown = framed or mimetype in SHOWN_TYPES
    kind = "inline" if shown else "attachment"
    plain_name = quote(file.name.rpartition("/")[2])
    headers["Content-Disposition"] = f"{kind}; filename*=UTF-8''{plain_name}"
    wanted = parse_range(request.headers.get("Range", ""), file.size_bytes)
    if wanted is not None and wanted[0] >= wanted[1]:
        headers["Content-Range"] = f"bytes */{file.size_bytes}"
        return web.Response(status=416, headers=headers)
    start, end = wanted or (0, file.size_bytes)
    pieces = await file.read(start, end)
    if pieces is None:
        return error_answer(404, f"There is no file {file.name} any more.")
    response = web.StreamResponse(status=206 if wanted else 200, headers=headers)
    if wanted:
        last = end - 1
        response.headers["Content-Range"] = f"bytes {start}-{last}/{file.size_bytes}"
    response.content_type = mimetype or "application/octet-stream"
    if framed:
        response.charset = "utf-8"
    response.content_length = end - start
    first = b""
    if request.method != "HEAD" and end > start:
        try:
            first = await anext(pieces, b"")
        except StorageDamaged as error:
            return _damaged(file, error)
    await response.prepare(request)
    if first:
        try:
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
        except StorageError as error:
            # Too late for words: who reads must see that the file is not whole.
            logger.error("download broken off error=%s", error)
            if request.transport is not None:
                request.transport.abort()
            return response
    await response.write_eof()
    return response


def _damaged(file: SentFile, error: StorageDamaged) -> web.Response:
    """410: asking again does not help, and official clients do not."""
    logger.error("file damaged error=%s", error)
    return error_answer(
        410,
        f"{file.name} is damaged on the server: {error.message}. Restore a backup of "
        "the server, or upload it again; `wandb server check` lists what is damaged.",
    )


def parse_range(header: str, size_bytes: int) -> tuple[int, int] | None:
    """Half-open range of a Range header; None: everything; empty: beyond the end."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    end = min(size_bytes, int(last) + 1) if last else size_bytes
    return int(first), max(int(first), end) if int(first) >= size_bytes else end
