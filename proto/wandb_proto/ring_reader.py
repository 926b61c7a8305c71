"""Read a ring from its tail: by the link of its writer, or after the writer's death.

`ring` draws the file. A reader owns the tail: what `release` is told about is gone.
"""

import fcntl
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Protocol

from wandb_proto.ring_format import (
    FRAME,
    FRAME_BYTES,
    HEADER_BYTES,
    REFERENCE,
    SIDE_FILE,
    RingDamaged,
    RingHeader,
    Tail,
    checksum,
    decode_header,
    read_tail,
    write_tail,
)
from wandb_proto.ring_overflow import FoundFrame, OverflowFiles

BATCH_RECORDS_MAX = 4096
BATCH_BYTES_MAX = 1 << 20
SKIPPED_RECORDS_MAX = 16
"""How many damaged records in a row are stepped over to find the next good one."""


class Writing(Protocol):
    """What a reader in the writer's own process sees of it."""

    memory: mmap
    header: RingHeader
    sequence: int
    offset: int
    special: int
    path: Path | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records, at most 4,096 and 1 MiB (or a single larger one)."""

    first_sequence: int
    records: list[bytes]

    @property
    def next_sequence(self) -> int:
        return self.first_sequence + len(self.records)


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """The same as their frames, which nobody has looked at."""

    first_sequence: int
    next_sequence: int
    frames: bytes


@dataclass(frozen=True, slots=True)
class RingDamage:
    """Records that were appended but cannot be read any more."""

    first_sequence: int
    record_count: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where the tail goes once everything before `tail.sequence` is released."""

    tail: Tail
    files: tuple[Path, ...]


def side_path(directory: Path, stream_id: str, sequence: int) -> Path:
    """The file of a large record, beside its ring."""
    return directory / f"{stream_id}-{sequence}.record"


class RingReader:
    """Reads records in order, from ring, side files and overflow files alike.

    Two ways: beside the living writer in its own process (`beside`), or on the file
    alone (`open`), where every frame must prove itself by its checksum.
    """

    def __init__(
        self, memory: mmap, header: RingHeader, capacity: int, path: Path | None
    ) -> None:
        """Internal; use `open` or `beside`."""
        self.header = header
        self.path = path
        self.damages: list[RingDamage] = []
        self._memory = memory
        self._end = HEADER_BYTES + capacity
        self._writer: Writing | None = None
        self._lock_descriptor = -1
        self._marks: deque[_Mark] = deque()
        self._overflow = OverflowFiles(header)
        self._offset = HEADER_BYTES
        self._expected = 1
        self._slot = 0
        self.rewind()

    @classmethod
    def open(cls, path: Path) -> "RingReader":
        """Read a ring of another process, alive or dead.

        Raises:
            RingDamaged: it is no ring (also: its writer died while making it).
            OSError: it cannot be opened.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size < HEADER_BYTES:
                raise RingDamaged(f"{path}: {size} bytes are less than the header")
            memory = mmap(descriptor, size)
        finally:
            os.close(descriptor)
        header, capacity = decode_header(memory)
        if size < HEADER_BYTES + capacity:
            raise RingDamaged(f"{path}: cut at {size} bytes")
        return cls(memory, header, capacity, path)

    @classmethod
    def beside(cls, writer: Writing) -> "RingReader":
        """Read in the writer's process, up to its head."""
        _, capacity = decode_header(writer.memory)
        reader = cls(writer.memory, writer.header, capacity, writer.path)
        reader._writer = writer
        return reader

    def writer_alive(self) -> bool:
        """Whether its writer holds the lock. Never ask in the writer's own process.

        Raises:
            OSError: the file is gone.
        """
        assert self.path is not None
        descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def claim(self) -> bool:
        """Take the dead writer's lock until `close`, so that nobody else drains it."""
        if not self.hold_lock():
            return False
        self.rewind()
        return True

    def hold_lock(self) -> bool:
        """Claim it, but go on reading where we are."""
        assert self.path is not None
        descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._lock_descriptor = descriptor
        return True

    @property
    def next_sequence(self) -> int:
        """The record that `read` gives next."""
        return self._expected

    @property
    def tail_sequence(self) -> int:
        """The first record that was not released."""
        return read_tail(self._memory)[0].sequence

    @property
    def unread_count(self) -> int:
        """How many records `read` would give now; only beside a living writer."""
        return self._writer.sequence - self._expected if self._writer else 0

    def has_unreleased(self) -> bool:
        """Whether records wait for `read` or `release`."""
        if self._writer is not None:
            return self.tail_sequence < self._writer.sequence
        if self._marks or self._ring_frame():
            return True
        return self._overflow.frame(self._expected) is not None

    def rewind(self) -> None:
        """Begin again at the tail: what was read but not released comes again."""
        tail, self._slot = read_tail(self._memory)
        self._offset, self._expected = tail.offset, tail.sequence
        self._marks.clear()
        self._overflow.seek(tail.sequence)

    def read(
        self, records_max: int = BATCH_RECORDS_MAX, bytes_max: int = BATCH_BYTES_MAX
    ) -> Batch | None:
        """The next records, or None if there are none now.

        Beside a living writer, records that cannot be read are stepped over at once.
        """
        # Asked before looking: what the writer appends meanwhile is not missing.
        end = self._writer.sequence if self._writer else 0
        batch = self._read(records_max, bytes_max)
        if batch is None and self._writer and self._expected < end:
            if not self._step_over_damage():
                # Loaded with no call between: they belong together.
                sequence, offset = self._writer.sequence, self._writer.offset
                missing = sequence - self._expected
                self.damages.append(RingDamage(self._expected, missing))
                self._expected, self._offset = sequence, offset
            batch = self._read(records_max, bytes_max)
        return batch

    def read_frames(
        self, records_max: int = BATCH_RECORDS_MAX, bytes_max: int = BATCH_BYTES_MAX
    ) -> FrameBatch | None:
        """All records that there are, in a few µs; beside a living writer.

        None: there are none, too many, or some that do not simply follow each other in
        the ring; `read` knows.
        """
        writer = self._writer
        if writer is None or self._overflow.is_open:
            return None
        # Loaded with no call between: they belong together.
        sequence, offset = writer.sequence, writer.offset
        count, size = sequence - self._expected, offset - self._offset
        # What follows a special record is left to `read`, too: it closes what is open.
        if writer.special >= self._expected or not 0 < count <= records_max:
            return None
        if not 0 < size <= bytes_max:
            return None
        frames = FrameBatch(
            self._expected, sequence, self._memory[self._offset : offset]
        )
        self._offset, self._expected = offset, sequence
        self._marks.append(_Mark(Tail(offset, sequence), ()))
        return frames

    def _read(self, records_max: int, bytes_max: int) -> Batch | None:
        records: list[bytes] = []
        files: list[Path] = []
        first, size = self._expected, 0
        while len(records) < records_max:
            size = self._take_plain(records, records_max, size, bytes_max)
            if len(records) == records_max:
                break
            if self._writer and self._expected >= self._writer.sequence:
                break
            in_ring = self._ring_frame()
            frame = in_ring or self._overflow.frame(self._expected)
            if frame is None:
                break
            size += len(frame.payload)
            if records and size > bytes_max:
                break
            records.append(frame.payload)
            if in_ring:
                self._offset = frame.next_offset
                files += self._overflow.leave()
            else:
                files += self._overflow.step(frame.next_offset)
            if frame.side_file:
                files.append(frame.side_file)
            self._expected += 1
        if not records:
            return None
        tail = Tail(self._offset, self._expected)
        self._marks.append(_Mark(tail, tuple(files)))
        return Batch(first, records)

    def _take_plain(
        self, records: list[bytes], records_max: int, size: int, bytes_max: int
    ) -> int:
        """Take frames that follow each other in the ring; returns the size of all.

        The short way for nearly every record, because it holds the GIL beside a
        training loop: 0.3 µs each. It stops at whatever is special.
        """
        memory, offset, sequence = self._memory, self._offset, self._expected
        unpack, end, trusted = FRAME.unpack_from, self._end, self._writer is not None
        stop = self._writer.sequence if self._writer else sequence + records_max
        if self._overflow.is_open:
            return size
        while sequence < stop and len(records) < records_max:
            begin = offset + FRAME_BYTES
            if begin > end:
                break
            length, found, crc = unpack(memory, offset)
            if found != sequence or not 0 < length <= end - begin:
                break
            payload = memory[begin : begin + length]
            if not trusted and checksum(payload, sequence) != crc:
                break
            if size + length > bytes_max:
                break
            records.append(payload)
            size, offset, sequence = size + length, begin + length, sequence + 1
        self._offset, self._expected = offset, sequence
        return size

    def release(self, next_sequence: int) -> bool:
        """Everything below is in the log: move the tail, remove its files.

        Takes effect for whole batches that `read` gave. True if the tail moved.
        """
        mark: _Mark | None = None
        files: list[Path] = []
        while self._marks and self._marks[0].tail.sequence <= next_sequence:
            mark = self._marks.popleft()
            files += mark.files
        if mark is None:
            return False
        self._move_tail(mark.tail)
        for path in files:
            path.unlink(missing_ok=True)
        return True

    def records(self) -> Iterator[tuple[int, bytes]]:
        """All that is left, as (sequence, payload). Only after the writer's death.

        What cannot be read is stepped over and listed in `damages`.
        """
        while True:
            while batch := self.read():
                yield from enumerate(batch.records, batch.first_sequence)
            if not self._step_over_damage():
                return

    def take_damages(self) -> list[RingDamage]:
        """What was found unreadable since the last call."""
        taken, self.damages = self.damages, []
        return taken

    def discard(self) -> None:
        """Remove the ring and all that belongs to it."""
        self._move_tail(Tail(self._offset, self._expected))
        self._overflow.remove_all()
        if self.path is None:
            return
        for path in self.path.parent.glob(f"{self.header.stream_id}-*.record"):
            path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file (and of the claim); nothing is removed."""
        self._overflow.close()
        if self._writer is None:
            self._memory.close()
        if self._lock_descriptor >= 0:
            os.close(self._lock_descriptor)
            self._lock_descriptor = -1

    def _move_tail(self, tail: Tail) -> None:
        self._slot = 1 - self._slot
        write_tail(self._memory, self._slot, tail)

    def _ring_frame(self) -> FoundFrame | None:
        """The expected frame, at the offset or, after a wrap, at the beginning."""
        frame = self._frame_at(self._offset, self._expected)
        if frame is None and self._offset != HEADER_BYTES:
            frame = self._frame_at(HEADER_BYTES, self._expected)
        return frame

    def _frame_at(self, offset: int, expected: int) -> FoundFrame | None:
        begin = offset + FRAME_BYTES
        if begin > self._end:
            return None
        length, sequence, crc = FRAME.unpack_from(self._memory, offset)
        if sequence != expected or not length:
            return None
        end = begin + (length & ~REFERENCE)
        if end > self._end:
            return None
        payload = self._memory[begin:end]
        if self._writer is None and checksum(payload, sequence) != crc:
            return None
        if not length & REFERENCE:
            return FoundFrame(payload, end)
        return self._referenced(payload, sequence, end)

    def _referenced(
        self, reference: bytes, sequence: int, end: int
    ) -> FoundFrame | None:
        if self.path is None or len(reference) != SIDE_FILE.size:
            return None
        size, crc = SIDE_FILE.unpack(reference)
        path = side_path(self.path.parent, self.header.stream_id, sequence)
        try:
            payload = path.read_bytes()
        except OSError:
            return None
        if len(payload) != size or checksum(payload, 0) != crc:
            return None
        return FoundFrame(payload, end, path)

    def _step_over_damage(self) -> bool:
        """Find one of the next records by its sequence; False at the true end."""
        for sequence in range(self._expected + 1, self._expected + SKIPPED_RECORDS_MAX):
            offset = self._search(sequence)
            if offset is None and not self._overflow.seek(sequence):
                continue
            missing = sequence - self._expected
            self.damages.append(RingDamage(self._expected, missing))
            self._expected = sequence
            self._offset = offset or self._offset
            return True
        return False

    def _search(self, sequence: int) -> int | None:
        wanted = sequence.to_bytes(8, "little")
        found = self._memory.find(wanted, HEADER_BYTES)
        while found >= 0:
            offset = found - 4
            if offset >= HEADER_BYTES and self._frame_at(offset, sequence):
                return offset
            found = self._memory.find(wanted, found + 1)
        return None
