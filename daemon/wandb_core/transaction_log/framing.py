"""How records lie in a `.wandb` file.

```
 file    3A 57 26 42 E1 BE 00   chunk chunk chunk …
         └── FILE_HEADER ────┘  (part of block 0)

 block   32768 bytes, counted from the start of the file; no chunk crosses a border

 chunk   ┌────────────┬────────────┬──────┬─────────────┐
         │ crc u32 LE │ len u16 LE │ type │ len bytes   │
         └────────────┴────────────┴──────┴─────────────┘
         crc = CRC-32 (IEEE) over type and bytes, not masked
         type 1 full · 2 first · 3 middle · 4 last
```

A record is one full chunk, or first, middle…, last. Fewer than 7 bytes left in a block
are zeros. Exactly 7 left hold a first chunk of length 0. There is no trailer.

Worked example: the record `0A` in a new file follows the header as
`A0 CA 17 B8 | 01 00 | 01 | 0A`, and the file is 15 bytes long.
"""

import struct
from collections.abc import Iterable
from zlib import crc32

BLOCK_BYTES = 32768
CHUNK_HEADER_BYTES = 7
FILE_HEADER = b":W&B\xe1\xbe\x00"
FILE_HEADER_BYTES = len(FILE_HEADER)

FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

CHUNK_HEADER = struct.Struct("<IHB")
_SEEDS = [crc32(bytes([kind])) for kind in range(5)]
FULL_SEED = _SEEDS[FULL]
"""`crc32(payload, FULL_SEED)` is the checksum of a whole record."""


def frame(payloads: Iterable[bytes], position: int) -> bytes:
    """The bytes that append the payloads to a file of `position` bytes. O(bytes)."""
    pieces: list[bytes] = []
    pack = CHUNK_HEADER.pack
    for payload in payloads:
        assert payload, "an empty record means nothing to any reader"
        left = BLOCK_BYTES - position % BLOCK_BYTES
        if left < CHUNK_HEADER_BYTES:
            pieces.append(bytes(left))
            position += left
            left = BLOCK_BYTES
        size = len(payload)
        if size + CHUNK_HEADER_BYTES <= left:
            pieces.append(pack(crc32(payload, FULL_SEED), size, FULL))
            pieces.append(payload)
            position += CHUNK_HEADER_BYTES + size
        else:
            position = _split(payload, position, pieces)
    return b"".join(pieces)


def checksum(kind: int, payload: bytes | memoryview) -> int:
    """The CRC that a chunk of this type (1 to 4) and content carries."""
    return crc32(payload, _SEEDS[kind])


def _split(payload: bytes, position: int, pieces: list[bytes]) -> int:
    start, kind = 0, FIRST
    while kind != LAST:
        room = BLOCK_BYTES - position % BLOCK_BYTES - CHUNK_HEADER_BYTES
        part = payload[start : start + room]
        start += len(part)
        if kind != FIRST or start == len(payload):
            kind = LAST if start == len(payload) else MIDDLE
        pieces += (_header(kind, part), part)
        position += CHUNK_HEADER_BYTES + len(part)
        if kind == FIRST:
            kind = MIDDLE
    return position


def _header(kind: int, part: bytes) -> bytes:
    return CHUNK_HEADER.pack(crc32(part, _SEEDS[kind]), len(part), kind)
