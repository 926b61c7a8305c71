"""What can go wrong in core.

```
CoreError
  TransientError          retry with backoff
    ServerUnavailable       no answer, a broken one, or 5xx
    ServerBusy              429: not before retry_after_s
    LinkLost                the stream of the bindings broke
    LogWriteFailed          full disk, I/O error: the log is as before
  PermanentError          the same input fails again
    RecordRejected          a record of the bindings makes no sense
    ChunkRejected           the server refuses these lines
    NotAuthorized           the server knows no such key, or it may not do this
    LogLocked               somebody else appends to this log
    LogOwnedElsewhere       another host appends to this log
    CoreRunning             another core of this user holds the lock
    LocalServerMissing      the embedded server is not installed or did not start
    StreamRefused           a stream with a bad opening, or one too many
  LogDamaged              what was lost, in bytes, from which offset
  SettingsError           field, value, allowed range, where it came from
```
"""

import os
from pathlib import Path


class CoreError(Exception):
    """Anything that core reports about the world."""


class TransientError(CoreError):
    """Trying again later may help."""


class PermanentError(CoreError):
    """The same input will fail again; somebody has to change something."""


class ServerUnavailable(TransientError):
    """The server did not answer, or not with anything that we understand."""

    def __init__(self, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class ServerBusy(TransientError):
    """The server asks for patience; `retry_after_s` is None if it did not say."""

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class LinkLost(TransientError):
    """The stream of the bindings broke; they connect again and resend."""


class LogWriteFailed(TransientError):
    """Nothing of a batch was written: the log ends where it ended before."""

    def __init__(self, errno: int, path: Path, byte_count: int) -> None:
        super().__init__(
            f"cannot write {byte_count} bytes to {path}: {os.strerror(errno)}"
        )
        self.errno = errno
        self.path = path
        self.byte_count = byte_count


class RecordRejected(PermanentError):
    """A record that cannot be applied; the records around it are."""

    def __init__(self, stream_id: str, sequence: int, reason: str) -> None:
        super().__init__(f"record {sequence} of stream {stream_id}: {reason}")
        self.stream_id = stream_id
        self.sequence = sequence
        self.reason = reason


class ChunkRejected(PermanentError):
    """The server will not take these lines, however often they are sent."""

    def __init__(self, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class NotAuthorized(PermanentError):
    """No key, an unknown key, or one that may not write here."""

    def __init__(self, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class LogLocked(PermanentError):
    """Another process of this host appends to the log."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is being written by another process")
        self.path = path


class LogOwnedElsewhere(PermanentError):
    """Another host, which may still be alive, appends to the log."""

    def __init__(self, path: Path, host: str) -> None:
        super().__init__(
            f"{path} belongs to a core on host {host}; stop that run, or remove "
            f"{path.name}.owner if that host is gone"
        )
        self.path = path
        self.host = host


class CoreRunning(PermanentError):
    """Another core of this user on this machine holds the lock."""


class LocalServerMissing(PermanentError):
    """The embedded server cannot be started; the text says what to do."""

    def __init__(self, text: str, *, installed: bool = True) -> None:
        super().__init__(text)
        self.installed = installed


class StreamRefused(PermanentError):
    """A stream that cannot be let in; the text says why."""


class LogDamaged(CoreError):
    """Bytes of a log that could not be read; reading went on behind them."""

    def __init__(self, path: Path, offset: int, byte_count: int, reason: str) -> None:
        super().__init__(
            f"{path}: {byte_count} bytes from offset {offset} are damaged: {reason}"
        )
        self.path = path
        self.offset = offset
        self.byte_count = byte_count
        self.reason = reason


class SettingsError(CoreError):
    """A setting with a value that it cannot have."""

    def __init__(self, field: str, value: object, allowed: str, source: str) -> None:
        super().__init__(f"{source}: {field} must be {allowed}, not {value!r}")
        self.field = field
        self.value = value
        self.allowed = allowed
        self.source = source
