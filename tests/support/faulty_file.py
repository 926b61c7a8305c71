"""Files that fail on demand: full disks, I/O errors, short writes."""

import errno
import os
from pathlib import Path

from wandb_core.transaction_log import RealFiles


class FaultyFile(RealFiles):
    """Real files until told otherwise.

    `bytes_left` plays a disk that fills up: writes become short, then fail. The other
    fields hold the error number that an operation fails with, 0 for none.
    """

    def __init__(self) -> None:
        self.bytes_left: int | None = None
        self.short_write_bytes: int | None = None
        """The next write takes only so many bytes; then all is well again."""
        self.write_errno = 0
        self.truncate_errno = 0
        self.fsync_errno = 0
        self.write_count = 0
        self.fsync_count = 0

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        self.write_count += 1
        if self.short_write_bytes is not None:
            data, self.short_write_bytes = data[: self.short_write_bytes], None
        if self.write_errno:
            # Some of it may have reached the disk all the same.
            super().write(descriptor, data[: len(data) // 2], offset)
            raise OSError(self.write_errno, os.strerror(self.write_errno))
        if self.bytes_left is not None:
            if self.bytes_left == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[: self.bytes_left]
            self.bytes_left -= len(data)
        return super().write(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        if self.truncate_errno:
            raise OSError(self.truncate_errno, os.strerror(self.truncate_errno))
        super().truncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        self.fsync_count += 1
        if self.fsync_errno:
            raise OSError(self.fsync_errno, os.strerror(self.fsync_errno))
        super().fsync(descriptor)


def flip_byte(path: Path, offset: int) -> None:
    """Invert the bits of one byte."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 0xFF
    path.write_bytes(data)
