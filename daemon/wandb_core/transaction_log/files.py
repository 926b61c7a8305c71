"""The few file operations that a log needs, replaceable by faulty ones in tests."""

import os
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """Operations on open files; every one may raise OSError and none retries."""

    def open(self, path: Path, flags: int, mode: int) -> int:
        """A descriptor that children do not inherit."""
        ...

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """Bytes written from `offset` on, possibly fewer than given. Idempotent."""
        ...

    def truncate(self, descriptor: int, size: int) -> None:
        """Make the file this long. Idempotent."""
        ...

    def fsync(self, descriptor: int) -> None:
        """On return everything written before is safe against power loss."""
        ...


class RealFiles:
    """The operating system's files."""

    def open(self, path: Path, flags: int, mode: int) -> int:
        return os.open(path, flags | getattr(os, "O_BINARY", 0), mode)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(descriptor, data, offset)
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
