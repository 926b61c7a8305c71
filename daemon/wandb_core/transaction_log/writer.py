"""Appending to a log, one write per batch."""

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from wandb_core.errors import LogDamaged, LogLocked, LogWriteFailed
from wandb_core.transaction_log.files import Files, RealFiles
from wandb_core.transaction_log.framing import FILE_HEADER, FILE_HEADER_BYTES, frame
from wandb_core.transaction_log.lock import lock
from wandb_core.transaction_log.recovery import Recovery, recover

_OPEN_FLAGS = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


class LogWriter:
    """The only writer of one log: holds its lock until `close`.

    Invariant: `end` is the end of the last whole batch. Whatever a failed write left
    behind it is cut off before anything else is written.
    """

    def __init__(self, path: Path, descriptor: int, end: int, files: Files) -> None:
        self.path = path
        self.end = end
        self._descriptor = descriptor
        self._files = files
        self._is_torn = False
        self._directory_is_synced = False

    @classmethod
    def create(cls, path: Path, files: Files | None = None) -> "LogWriter":
        """Start a new log: the file header is in it, and it is locked.

        Raises:
            FileExistsError: there is one; see `append_to`.
            LogWriteFailed: the header does not fit on the disk; no file is left.
            OSError: the file cannot be made.
        """
        files = files or RealFiles()
        flags = _OPEN_FLAGS | os.O_CREAT | os.O_EXCL
        descriptor = files.open(path, flags, 0o666)
        writer = cls(path, descriptor, 0, files)
        try:
            writer._take_lock()
            writer._write(FILE_HEADER)
        except BaseException:
            writer.close()
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return writer

    @classmethod
    def append_to(
        cls, path: Path, files: Files | None = None
    ) -> tuple["LogWriter", Recovery]:
        """Lock an existing log, cut a torn tail, and say what was found.

        The cost depends on the size of the last batches, not on that of the log.

        Raises:
            FileNotFoundError: there is none.
            LogLocked: another writer has it.
            LogDamaged: it is no log at all; it is left alone.
            LogWriteFailed: the torn tail cannot be cut.
        """
        files = files or RealFiles()
        descriptor = files.open(path, _OPEN_FLAGS, 0o666)
        writer = cls(path, descriptor, 0, files)
        try:
            writer._take_lock()
            recovery = recover(path, descriptor)
            writer.end = recovery.end
            writer._repair(recovery)
        except BaseException:
            writer.close()
            raise
        return writer, recovery

    def append(self, payloads: Sequence[bytes]) -> int:
        """Add the records in one write; returns the log's new end.

        Raises:
            LogWriteFailed: disk full or broken; the log is as it was before.
        """
        if payloads:
            self._write(frame(payloads, self.end))
        return self.end

    def sync(self) -> None:
        """Make what was appended so far safe against power loss.

        May run in another thread beside `append`.

        Raises:
            LogWriteFailed: the disk did not take it.
        """
        try:
            self._files.fsync(self._descriptor)
            if not self._directory_is_synced:
                _sync_directory(self.path.parent)
                self._directory_is_synced = True
        except OSError as error:
            raise LogWriteFailed(error.errno or errno.EIO, self.path, 0) from error

    def truncate(self, offset: int) -> None:
        """Cut everything from `offset` on, which must be the start of a record.

        Raises:
            LogWriteFailed: the disk refused; the log is as it was before.
        """
        assert FILE_HEADER_BYTES <= offset <= self.end
        self._cut(offset)
        self.end = offset

    def close(self) -> None:
        """Unlock the log; idempotent. Does not sync."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_lock(self) -> None:
        if not lock(self._descriptor):
            raise LogLocked(self.path)

    def _repair(self, recovery: Recovery) -> None:
        if recovery.header_is_damaged:
            if recovery.end > FILE_HEADER_BYTES:
                self._write_at(FILE_HEADER, 0)
            elif recovery.file_bytes > FILE_HEADER_BYTES:
                damage = recovery.damages[0]
                raise LogDamaged(
                    self.path, damage.offset, recovery.file_bytes, "not a run log"
                )
            else:
                self._cut(0)
                self._write_at(FILE_HEADER, 0)
        if recovery.file_bytes > recovery.end:
            self._cut(recovery.end)

    def _write(self, data: bytes) -> None:
        if self._is_torn:
            self._cut(self.end)
        self._write_at(data, self.end)
        self.end += len(data)

    def _write_at(self, data: bytes, offset: int) -> None:
        """Write all of it, or cut back and raise. Short writes are tried once more,
        because only the second one tells why."""
        failure = errno.ENOSPC
        try:
            written = self._files.write(self._descriptor, data, offset)
            if written < len(data):
                rest = data[written:]
                written += self._files.write(self._descriptor, rest, offset + written)
            if written == len(data):
                return
        except OSError as error:
            failure = error.errno or errno.EIO
        self._is_torn = True
        with contextlib.suppress(LogWriteFailed):
            self._cut(self.end)
        raise LogWriteFailed(failure, self.path, len(data))

    def _cut(self, offset: int) -> None:
        try:
            self._files.truncate(self._descriptor, offset)
        except OSError as error:
            raise LogWriteFailed(error.errno or errno.EIO, self.path, 0) from error
        self._is_torn = False


def _sync_directory(directory: Path) -> None:
    """Make the file's name durable too, where directories can be synced at all."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
