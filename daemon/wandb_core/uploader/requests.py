"""From the lines of a chunk to the bodies of requests: pure, so that a chunk made again
after a crash becomes the same requests.

```
{"files": {"wandb-history.jsonl": {"offset": 17, "content": ["{…}", …]},
           "wandb-summary.json":  {"offset": 0,  "content": ["{…}"]}},
 "log_id": "…"}                      only for servers with the live feature
```

One request holds at most one contiguous range of each file.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from wandb_proto import json_codec

from wandb_core.model import UploadChunk
from wandb_core.uploader.cursor import SUMMARY

_LINE_OVERHEAD_BYTES = 8


def split_chunks(
    chunks: Sequence[UploadChunk], bytes_max: int
) -> Iterator[list[UploadChunk]]:
    """Group chunks into requests of about bytes_max, order kept, lines never split.

    A line longer than bytes_max goes alone. A second range of a file already in the
    request begins the next one.
    """
    request: dict[str, UploadChunk] = {}
    room = bytes_max
    for chunk in chunks:
        for piece in _pieces(chunk, bytes_max):
            size = _size(piece.lines)
            if request and (piece.file in request or size > room):
                yield list(request.values())
                request, room = {}, bytes_max
            request[piece.file] = piece
            room -= size
    if request:
        yield list(request.values())


def request_body(chunks: Sequence[UploadChunk], **extra: object) -> bytes:
    """One request; `extra` are further keys, left out where None, empty or False."""
    body: dict[str, Any] = {}
    if chunks:
        body["files"] = {
            chunk.file: {"offset": chunk.first_line, "content": list(chunk.lines)}
            for chunk in chunks
        }
    body.update((key, value) for key, value in extra.items() if _says(value))
    return json_codec.dumps(body)


def summary_chunk(text: str) -> UploadChunk:
    """The whole summary: always line 0, replaced as a whole."""
    return UploadChunk(SUMMARY, 0, (text,))


def _says(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or bool(value)


def _pieces(chunk: UploadChunk, bytes_max: int) -> Iterator[UploadChunk]:
    first = 0
    size = 0
    for index, line in enumerate(chunk.lines):
        line_size = _size((line,))
        if index > first and size + line_size > bytes_max:
            yield UploadChunk(
                chunk.file, chunk.first_line + first, chunk.lines[first:index]
            )
            first, size = index, 0
        size += line_size
    if first < len(chunk.lines):
        yield UploadChunk(chunk.file, chunk.first_line + first, chunk.lines[first:])


def _size(lines: Sequence[str]) -> int:
    return sum(map(len, lines)) + _LINE_OVERHEAD_BYTES * len(lines)
