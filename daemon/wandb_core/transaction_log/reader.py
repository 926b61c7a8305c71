"""Reading a log that may be damaged and may still grow."""

import os
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from wandb_proto.v1.record_pb2 import Record

from wandb_core.model import LogDamage, LoggedRecord
from wandb_core.transaction_log.framing import (
    BLOCK_BYTES,
    FILE_HEADER,
    FILE_HEADER_BYTES,
)
from wandb_core.transaction_log.scanner import FoundRecord, scan

READ_BYTES_MAX = 4 << 20


class LogReader:
    """Reads records in order, each once, from a record's offset or a block border on.

    `damages` grows with what had to be passed over, in order. One reader belongs to one
    thread at a time; it holds one descriptor until `close`.
    """

    def __init__(self, path: Path, offset: int = FILE_HEADER_BYTES) -> None:
        """Open the log; a block border need not be the start of a record.

        Raises:
            OSError: it cannot be opened.
        """
        self.path = path
        self.offset = max(offset, FILE_HEADER_BYTES)
        """Where the next record is looked for."""
        self.damages: list[LogDamage] = []
        self._header_is_checked = offset > FILE_HEADER_BYTES
        self._skips_orphans = offset > 0 and offset % BLOCK_BYTES == 0
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(path, flags), "rb", buffering=0)

    def read(
        self, end: int | None = None, bytes_max: int = READ_BYTES_MAX
    ) -> list[LoggedRecord]:
        """The next whole records, about `bytes_max` of them; empty when there is none.

        Args:
            end: all below it was written completely: what cannot be read there is
                reported as damage. Without it, the log is read as far as it goes now
                and a partial record at its end waits for the rest.

        A record longer than `bytes_max` is read all the same.
        """
        self._check_header()
        limit = self._size() if end is None else min(end, self._size())
        while self.offset < limit:
            data = self._read_at(self.offset, min(bytes_max, limit - self.offset))
            if not data:
                break
            is_last = self.offset + len(data) >= limit
            found = scan(
                data,
                self.offset,
                is_last=is_last and end is not None,
                skips_orphans=self._skips_orphans,
            )
            is_stuck = found.position == self.offset
            self._skips_orphans = found.skips_orphans
            self.offset = found.position
            for damage in found.damages:
                self._report(damage)
            if records := self._decode(found.records):
                return records
            if is_stuck:
                if is_last:
                    break
                bytes_max *= 2
        return []

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        self._file.close()

    def __enter__(self) -> "LogReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _read_at(self, offset: int, byte_count: int) -> bytes:
        self._file.seek(offset)
        pieces = []
        while byte_count > 0 and (piece := self._file.read(byte_count)):
            pieces.append(piece)
            byte_count -= len(piece)
        return b"".join(pieces)

    def _check_header(self) -> None:
        if self._header_is_checked or self._size() < FILE_HEADER_BYTES:
            return
        self._header_is_checked = True
        if self._read_at(0, FILE_HEADER_BYTES) != FILE_HEADER:
            self._report(LogDamage(0, FILE_HEADER_BYTES, "no file header"))

    def _decode(self, found: list[FoundRecord]) -> list[LoggedRecord]:
        records = []
        for item in found:
            try:
                record = Record.FromString(item.payload)
            except DecodeError:
                byte_count = item.next_offset - item.offset
                self._report(LogDamage(item.offset, byte_count, "not a record"))
            else:
                records.append(LoggedRecord(item.offset, item.next_offset, record))
        return records

    def _report(self, damage: LogDamage) -> None:
        if self.damages:
            last = self.damages[-1]
            if last.offset + last.byte_count == damage.offset > FILE_HEADER_BYTES:
                byte_count = last.byte_count + damage.byte_count
                damage = LogDamage(last.offset, byte_count, last.reason)
                self.damages.pop()
        self.damages.append(damage)


def read_all(
    path: Path, damages: list[LogDamage] | None = None
) -> Iterator[LoggedRecord]:
    """Every record of a log that nobody writes any more.

    What could not be read is appended to `damages`, a torn tail included.
    """
    with LogReader(path) as reader:
        end = path.stat().st_size
        while records := reader.read(end):
            yield from records
        if damages is not None:
            damages += reader.damages
