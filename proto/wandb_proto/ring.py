"""The spool of one writing process: a ring file that outlives its killed writer.

```
<stream id>.ring, 0600, space taken beforehand
┌─────────────────────────── header, 16 KiB ─────────────────────────────┬─ capacity ─┐
│ magic 8 │ version │ capacity │ length │ crc │ JSON … │ slot 0 │ slot 1  │ frames     │
└────────────────────────────────────────────────────────────────────────┴────────────┘
slot   tail offset u64 │ tail sequence u64 │ crc32 u32       the newest valid one counts
frame  length u32 │ sequence u64 │ crc32 u32 │ payload        little endian, contiguous
       top bit of length: the payload is {size u64, crc32 u32} of the file
       <stream id>-<sequence>.record beside the ring (records > capacity / 8)
       length 0xFFFFFFFF: the next frame is at the beginning
       length 0: the next record is in an overflow file

       ▼ begin          ▼ tail: 7               ▼ head: 10
       │ (6, stale)     │ 7 │ 8 │      9        │ (2, stale)  │ wrap │
```

Who does what: `RingWriter` appends frames at the head and never waits. A `RingReader`
(the link of the same process, or core after the writer's death) reads from the tail and
moves it by `release` once the records are in the log. No other state is shared.

- Nothing says where the frames end. A frame counts if its checksum fits and its
  sequence is not below the expected one: leftovers of earlier laps have lower ones.
- A frame that was being written when the writer died fails its checksum: that append
  had not returned. Everything before it is intact.
- The tail moves in the file before the writer may reuse the space.
- `lockf` on the writer's own descriptor says that it lives. It is never opened twice
  by the writer's process (closing any descriptor of a file releases its locks).
- Space is taken with `posix_fallocate`: a sparse mapping on a full file system is a
  SIGBUS that kills training.

Overflow. While the ring is full, frames go to `<overflow dir>/<stream id>-<first
sequence>.overflow`, with `write`; its name says which record it begins with, so a
reader that misses a record knows where to look. Each such episode has its own file,
removed when all of it was released.
"""

import fcntl
import os
from mmap import mmap
from pathlib import Path

from wandb_proto.ring_format import (
    FRAME,
    FRAME_BYTES,
    HEADER_BYTES,
    LENGTH,
    REFERENCE,
    SIDE_FILE,
    WRAP,
    RingDamaged,
    RingHeader,
    Tail,
    checksum,
    encode_header,
    read_tail,
    write_tail,
)
from wandb_proto.ring_overflow import overflow_path
from wandb_proto.ring_reader import Batch, RingDamage, RingReader, side_path
from wandb_proto.spool_place import has_room

__all__ = [
    "Batch",
    "RingDamage",
    "RingDamaged",
    "RingHeader",
    "RingReader",
    "RingWriter",
]

RINGS_OF_ROOM_KEPT = 4
"""Side files leave this many rings of space free on the spool's file system."""

_LIMIT_PARTS = 4
"""`limit` ends at each quarter of the ring: the slow path is seen that often."""


class RingWriter:
    """Appends records to a ring; one process, one thread at a time (callers lock).

    The four public fields are the state of the fast path: whoever appends by hand
    writes `FRAME.pack(length, sequence, checksum) + payload` at `memory[offset:]` if it
    ends at or before `limit`, then sets `offset` and `sequence` in one statement.
    """

    __slots__ = (
        "_capacity",
        "_descriptor",
        "_directory",
        "_end",
        "_overflow",
        "_overflow_path",
        "_overflow_size",
        "header",
        "limit",
        "memory",
        "offset",
        "path",
        "sequence",
        "special",
    )

    def __init__(
        self, path: Path | None, descriptor: int, header: RingHeader, capacity: int
    ) -> None:
        """Internal; use `create` or `create_in_memory`."""
        self.path = path
        self.header = header
        self.memory = mmap(descriptor, HEADER_BYTES + capacity)
        self.offset = HEADER_BYTES
        self.sequence = 1
        self.limit = 0  # found at the first append
        self.special = 0
        """The newest record that does not simply follow the one before in the ring."""
        self._directory = path.parent if path else None
        self._descriptor = descriptor
        self._capacity = capacity
        self._end = HEADER_BYTES + capacity
        self._overflow = -1
        self._overflow_path = Path()
        self._overflow_size = 0
        head = encode_header(header, capacity)
        self.memory[: len(head)] = head
        write_tail(self.memory, 0, Tail(HEADER_BYTES, 1))

    @classmethod
    def create(cls, directory: Path, header: RingHeader, capacity: int) -> "RingWriter":
        """A new ring with room for `capacity` bytes of frames, locked by us.

        capacity 0: every record goes to the overflow file.

        Raises:
            FileExistsError: the stream has a ring already.
            OSError: no space, or no such directory.
            ValueError: a path is too long for the header.
        """
        encode_header(header, capacity)
        path = directory / f"{header.stream_id}.ring"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _take_space(descriptor, HEADER_BYTES + capacity)
            return cls(path, descriptor, header, capacity)
        except BaseException:
            os.unlink(path)
            os.close(descriptor)
            raise

    @classmethod
    def create_in_memory(cls, header: RingHeader, capacity: int) -> "RingWriter":
        """The last resort where no directory is writable: dies with the process."""
        return cls(None, -1, header, capacity)

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def overflowing(self) -> bool:
        """The last record went to the overflow file."""
        return self._overflow >= 0

    @property
    def tail_sequence(self) -> int:
        """The first record that was not released."""
        return read_tail(self.memory)[0].sequence

    @property
    def used_bytes(self) -> int:
        """How much of the ring has not been released."""
        tail, _ = read_tail(self.memory)
        if tail.sequence == self.sequence:
            return 0
        used = self.offset - tail.offset
        return used if used >= 0 else used + self._capacity

    def append(self, payload: bytes) -> bool:
        """Append one record to the ring; False if there is no room for it now."""
        if len(payload) <= self._capacity // 8:
            return self._append_frame(payload, 0)
        return self._append_reference(payload)

    def append_overflow(self, payload: bytes) -> bool:
        """Append one record to the overflow file; False if no directory takes it.

        The next records must come here too, until `end_overflow`.
        """
        crc = checksum(payload, self.sequence)
        frame = FRAME.pack(len(payload), self.sequence, crc) + payload
        if self._overflow >= 0 and self._write_overflow(frame):
            return True
        for directory in self.header.overflow_dirs:
            if self._open_overflow(Path(directory)) and self._write_overflow(frame):
                return True
        self.end_overflow()
        return False

    def end_overflow(self) -> None:
        """The next record goes to the ring again."""
        if self._overflow >= 0:
            os.close(self._overflow)
            self._overflow = -1

    def make_room(self, size: int) -> bool:
        """Move `limit` (and the head to the beginning) so that `size` bytes fit.

        False: they do not, until the reader releases something.
        """
        tail, _ = read_tail(self.memory)
        wrapped = self.offset < tail.offset
        # The gap before the tail takes the end mark that an overflow leaves behind.
        gap_begin = tail.offset - LENGTH.size
        room_end = gap_begin if wrapped else self._end
        if self.offset + size > room_end:
            if wrapped or HEADER_BYTES + size > gap_begin:
                return False
            if self.offset + LENGTH.size <= self._end:
                LENGTH.pack_into(self.memory, self.offset, WRAP)
            self.offset = HEADER_BYTES
            self.special = self.sequence
            room_end = gap_begin
        part = max(size, self._capacity // _LIMIT_PARTS)
        self.limit = min(room_end, self.offset + part)
        return True

    def close(self) -> None:
        """Let go of the file: the lock is free, whoever drains it may come."""
        self.limit = 0
        self.end_overflow()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def abandon(self) -> None:
        """In a forked child: forget the parent's ring, touch nothing of it."""
        self.limit = 0
        self._overflow = self._descriptor = -1

    def _append_frame(self, payload: bytes, flag: int) -> bool:
        size = FRAME_BYTES + len(payload)
        end = self.offset + size
        if end > self.limit:
            if not self.make_room(size):
                return False
            end = self.offset + size
        crc = checksum(payload, self.sequence)
        frame = FRAME.pack(len(payload) | flag, self.sequence, crc)
        self.memory[self.offset : end] = frame + payload
        self.offset, self.sequence = end, self.sequence + 1
        return True

    def _append_reference(self, payload: bytes) -> bool:
        if self._directory is None or not self._capacity:
            return False
        kept = RINGS_OF_ROOM_KEPT * self._capacity
        if not has_room(self._directory, len(payload) + kept):
            return False
        path = side_path(self._directory, self.header.stream_id, self.sequence)
        try:
            _write_new(path, payload)
        except OSError:
            return False
        reference = SIDE_FILE.pack(len(payload), checksum(payload, 0))
        self.special = self.sequence + 1  # before it can be read
        if self._append_frame(reference, REFERENCE):
            return True
        os.unlink(path)
        return False

    def _open_overflow(self, directory: Path) -> bool:
        self.end_overflow()
        path = overflow_path(directory, self.header.stream_id, self.sequence)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._overflow = os.open(path, flags, 0o600)
        except OSError:
            return False
        self._overflow_path = path
        self._overflow_size = 0
        if self.offset + LENGTH.size <= self._end:
            LENGTH.pack_into(self.memory, self.offset, 0)
        self.limit = 0
        return True

    def _write_overflow(self, frame: bytes) -> bool:
        """All of the frame, or nothing of it."""
        try:
            # Not appended: an interrupted write must not stand before this one.
            _write_all(self._overflow, frame, self._overflow_size)
        except OSError:
            os.ftruncate(self._overflow, self._overflow_size)
            if not self._overflow_size:
                os.unlink(self._overflow_path)  # its name would be in the way
            return False
        end = self._overflow_size + len(frame)
        self.special = self.sequence + 1  # before it can be read
        self._overflow_size, self.sequence = end, self.sequence + 1
        return True


def _take_space(descriptor: int, byte_count: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, byte_count)
    else:  # macOS: writing is what takes the space
        _write_all(descriptor, bytes(byte_count))


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        _write_all(descriptor, content)
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes, offset: int = 0) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
