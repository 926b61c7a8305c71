"""Finding records in the bytes of a log, damaged ones included.

```
 chunk fits and its CRC is right? ──yes──► full: a record · first, middle…, last: one
        │ no
        ├ the bytes end here ──► wait for more (or, if there is no more, it is damage)
        └ look for the next chunk that is whole: where this one claims to end, then
          byte by byte to the end of the block, then in the next block
```

Official readers give up the rest of a block behind a damaged chunk; this one gives up
only what is damaged. An undamaged file reads the same in both. A header of zeros is
damage: no writer leaves one, but a power loss does.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from wandb_core.model import LogDamage
from wandb_core.transaction_log.framing import (
    BLOCK_BYTES,
    CHUNK_HEADER,
    CHUNK_HEADER_BYTES,
    FIRST,
    FULL,
    FULL_SEED,
    LAST,
    checksum,
)

_KIND_BYTE = re.compile(rb"[\x01-\x04]")


class FoundRecord(NamedTuple):
    """One whole record: [offset, next_offset) of the file, and its payload."""

    offset: int
    next_offset: int
    payload: bytes


@dataclass(slots=True)
class Scan:
    """What `scan` found. Reading goes on at `position`."""

    position: int
    skips_orphans: bool
    """Still behind an arbitrary start: chunks of a record begun before are no loss."""
    records: list[FoundRecord] = field(default_factory=list)
    damages: list[LogDamage] = field(default_factory=list)


def scan(data: bytes, offset: int, *, is_last: bool, skips_orphans: bool) -> Scan:
    """Find every whole record in the part of a log that begins at `offset`.

    Args:
        is_last: nothing follows; what cannot be read is damage instead of not yet here.
        skips_orphans: `offset` is a block border, perhaps in the middle of a record.

    Damages are in order, do not overlap, and cover every lost record. O(bytes) without
    damage.
    """
    return _Scanner(data, offset, is_last, skips_orphans).run()


class _Scanner:
    def __init__(
        self, data: bytes, offset: int, is_last: bool, skips_orphans: bool
    ) -> None:
        self._data = data
        self._offset = offset
        self._end = offset + len(data)
        self._is_last = is_last
        self._found = Scan(offset, skips_orphans)
        self._parts: list[bytes] = []
        self._record_offset = offset

    def run(self) -> Scan:
        position: int | None = self._offset
        while position is not None:
            if not self._parts:
                position = self._take_whole(position)
            self._found.position = self._record_offset if self._parts else position
            position = self._step(position)
        return self._found

    def _take_whole(self, position: int) -> int:
        """Take the undamaged whole records from here on; the short way for nearly all.

        Returns where something else begins: `_step` knows what it is.
        """
        data, offset, end = self._data, self._offset, self._end
        unpack, records, seed = CHUNK_HEADER.unpack_from, self._found.records, FULL_SEED
        first = position
        while position + CHUNK_HEADER_BYTES <= end:
            left = BLOCK_BYTES - position % BLOCK_BYTES
            if left < CHUNK_HEADER_BYTES:
                break
            crc, size, kind = unpack(data, position - offset)
            following = position + CHUNK_HEADER_BYTES + size
            if kind != FULL or size + CHUNK_HEADER_BYTES > left or following > end:
                break
            payload = data[following - size - offset : following - offset]
            if crc32(payload, seed) != crc:
                break
            records.append(FoundRecord(position, following, payload))
            position = following
        if position > first:
            self._found.skips_orphans = False
        return position

    def _step(self, position: int) -> int | None:
        """Take the chunk at `position`; returns where the next is, None at the end."""
        left = BLOCK_BYTES - position % BLOCK_BYTES
        if left < CHUNK_HEADER_BYTES:
            if position + left <= self._end:
                return position + left
            self._stop()
            return None
        if self._end - position < CHUNK_HEADER_BYTES:
            return self._incomplete(position)
        crc, size, kind = CHUNK_HEADER.unpack_from(self._data, position - self._offset)
        if not FULL <= kind <= LAST or size + CHUNK_HEADER_BYTES > left:
            return self._damaged(position, "no chunk header")
        start = position + CHUNK_HEADER_BYTES
        if start + size > self._end:
            return self._incomplete(position)
        part = self._data[start - self._offset : start + size - self._offset]
        if checksum(kind, part) != crc:
            return self._damaged(
                position, "wrong checksum", claimed_end=int(start + size)
            )
        self._take(kind, part, position, start + size)
        return int(start + size)

    def _take(self, kind: int, part: bytes, position: int, next_position: int) -> None:
        if kind <= FIRST:
            if self._parts:
                self._lose(position, "record without an end")
            self._found.skips_orphans = False
            self._record_offset = position
            if kind == FIRST:
                self._parts.append(part)
            else:
                self._add(part, next_position)
        elif self._parts:
            self._parts.append(part)
            if kind == LAST:
                payload = b"".join(self._parts)
                self._parts.clear()
                self._add(payload, next_position)
        elif not self._found.skips_orphans:
            self._record_offset = position
            self._lose(next_position, "record without a start")

    def _add(self, payload: bytes, next_offset: int) -> None:
        record = FoundRecord(self._record_offset, next_offset, payload)
        self._found.records.append(record)

    def _lose(self, end: int, reason: str) -> None:
        """Report [start of the record, end); a loss that goes on is reported as one."""
        self._parts.clear()
        damages, start = self._found.damages, self._record_offset
        if damages and damages[-1].offset + damages[-1].byte_count == start:
            last = damages.pop()
            start, reason = last.offset, last.reason
        if end > start:
            damages.append(LogDamage(start, end - start, reason))

    def _incomplete(self, position: int) -> int | None:
        if self._is_last and position < self._end:
            return self._damaged(position, "cut off")
        self._stop()
        return None

    def _stop(self) -> None:
        """The bytes end. If they are the last, a record still open is lost."""
        if self._is_last:
            if self._parts:
                self._lose(self._end, "cut off")
            self._found.position = self._end

    def _damaged(
        self, position: int, reason: str, claimed_end: int | None = None
    ) -> int | None:
        block_end = position + BLOCK_BYTES - position % BLOCK_BYTES
        following = self._next_chunk(position, min(block_end, self._end), claimed_end)
        if following is None and block_end <= self._end:
            following = block_end
        if following is None:
            if not self._is_last:
                return None
            following = self._end
        if not self._parts:
            self._record_offset = position
        self._lose(following, reason)
        return following

    def _next_chunk(self, position: int, end: int, claimed: int | None) -> int | None:
        """Where the next whole chunk of this block begins."""
        if claimed is not None and self._is_chunk(claimed, end):
            return claimed
        first = position + CHUNK_HEADER_BYTES - self._offset
        for found in _KIND_BYTE.finditer(self._data, first, end - self._offset):
            candidate = found.start() + self._offset - CHUNK_HEADER_BYTES + 1
            if self._is_chunk(candidate, end):
                return candidate
        return None

    def _is_chunk(self, position: int, end: int) -> bool:
        start = position + CHUNK_HEADER_BYTES
        if start > end:
            return False
        crc, size, kind = CHUNK_HEADER.unpack_from(self._data, position - self._offset)
        if not (FULL <= kind <= LAST and start + size <= end):
            return False
        part = self._data[start - self._offset : start + size - self._offset]
        return bool(checksum(kind, part) == crc)
