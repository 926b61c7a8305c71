"""The overflow files of one stream, as its reader sees them; see `ring`."""

import os
from dataclasses import dataclass
from pathlib import Path

from wandb_proto.ring_format import FRAME, FRAME_BYTES, RingHeader, checksum


@dataclass(frozen=True, slots=True)
class FoundFrame:
    """A record and where the next one may follow in the same file."""

    payload: bytes
    next_offset: int
    side_file: Path | None = None


def overflow_path(directory: Path, stream_id: str, first_sequence: int) -> Path:
    """The file of an overflow episode that begins with this record."""
    return directory / f"{stream_id}-{first_sequence}.overflow"


class OverflowFiles:
    """The overflow episodes of one stream; at most one is open."""

    def __init__(self, header: RingHeader) -> None:
        self._stream_id = header.stream_id
        self._directories = [Path(directory) for directory in header.overflow_dirs]
        self._descriptor = -1
        self._path = Path()
        self._offset = 0
        self._finished: list[Path] = []

    @property
    def is_open(self) -> bool:
        """Whether an episode is being read."""
        return self._descriptor >= 0

    def seek(self, sequence: int) -> bool:
        """Open the episode that holds this record; False if none does.

        Then the last one before it stays open at its end: it may be going on.
        """
        self.close()
        begun = [item for item in self._episodes() if item[0] <= sequence]
        if not begun:
            return False
        self._open(max(begun)[1])
        while (found := self._peek()) is not None and found < sequence:
            self._offset += FRAME_BYTES + self._length
        return found == sequence

    def frame(self, expected: int) -> FoundFrame | None:
        """The record, if it is the next of the open episode or begins a new one."""
        if self._descriptor >= 0 and (frame := self._frame_here(expected)):
            return frame
        for directory in self._directories:
            path = overflow_path(directory, self._stream_id, expected)
            if path.exists():
                self._finished += self.leave()
                self._open(path)
                return self._frame_here(expected)
        return None

    def step(self, next_offset: int) -> list[Path]:
        """A frame was taken; returns the files of episodes that are over."""
        self._offset = next_offset
        finished, self._finished = self._finished, []
        return finished

    def leave(self) -> list[Path]:
        """A later record was found elsewhere: the open episode is over."""
        finished, self._finished = self._finished, []
        if self._descriptor >= 0:
            self.close()
            finished.append(self._path)
        return finished

    def remove_all(self) -> None:
        """Remove every overflow file of the stream."""
        self.close()
        for _, path in self._episodes():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _episodes(self) -> list[tuple[int, Path]]:
        found = []
        for directory in self._directories:
            for path in directory.glob(f"{self._stream_id}-*.overflow"):
                number = path.stem.rpartition("-")[2]
                if number.isdecimal():
                    found.append((int(number), path))
        return found

    def _open(self, path: Path) -> None:
        self.close()
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._path = path
        self._offset = 0

    def _peek(self) -> int | None:
        head = os.pread(self._descriptor, FRAME_BYTES, self._offset)
        if len(head) < FRAME_BYTES:
            return None
        self._length, sequence, self._crc = FRAME.unpack(head)
        return int(sequence)

    def _frame_here(self, expected: int) -> FoundFrame | None:
        if self._peek() != expected:
            return None
        begin = self._offset + FRAME_BYTES
        payload = os.pread(self._descriptor, self._length, begin)
        if len(payload) != self._length or checksum(payload, expected) != self._crc:
            return None
        return FoundFrame(payload, begin + self._length)
