"""What can go wrong in the server.

```
ServerError
  QueryError(part, message)      the question cannot be read; the asker can mend it
  NotFound(what, name)           the thing that was named does not exist
  NotAllowed(message)            the asker is known but may not do this
  StorageError(message, ...)     database or object store refused
    StorageBusy                  ... for now; the same call may succeed later
    StorageDamaged(place, ...)   ... because stored bytes are not what was written
  RequestRejected(status, ...)   the request cannot be understood or is too large
  SettingsError(field, ...)      a setting has a value that cannot be
  StartRefused(message)          the process cannot run like this; says what to do
    DataDirUnusable              ... the data directory cannot be read, written, shared
    PortTaken(host, port)        ... somebody else listens there
    AlreadyRunning               ... this user's server is running
    ServerExtraMissing           ... packages of the extra `server` are not installed
```

Two questions shape the tree: does trying again help (only `StorageBusy`), and who can
act (the asker: `QueryError`, `NotFound`, `NotAllowed`; the operator: the others).
"""

from typing import Any


class ServerError(Exception):
    """Every error that the server raises on purpose."""


class QueryError(ServerError):
    """A filter, order, cursor or range that cannot be read; `part` is at fault."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(f"{part}: {message}" if part else message)
        self.part = part
        self.message = message


class NotFound(ServerError):
    """`what` (run, project, file, …) called `name` does not exist."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name!r} does not exist")
        self.what = what
        self.name = name


class NotAllowed(ServerError):
    """The asker is known but may not do this."""


class StorageError(ServerError):
    """The database or the object store refused; nothing of the call was stored."""

    def __init__(self, message: str, *, place: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message
        self.place = place


class StorageBusy(StorageError):
    """Somebody else holds the database; the same call may succeed later."""


class StorageDamaged(StorageError):
    """Stored bytes are not what was written."""


class SettingsError(ServerError):
    """A setting that cannot be: which field, its value, what it must be, its source."""

    def __init__(self, field: str, value: Any, allowed: str, source: str = "") -> None:
        origin = f" (from {source})" if source else ""
        super().__init__(f"{field}={value!r}{origin}: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed
        self.source = source


class RequestRejected(ServerError):
    """A request that cannot be understood, with the HTTP status to answer."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class StartRefused(ServerError):
    """The server cannot run like this; the message says what to do."""


class DataDirUnusable(StartRefused):
    """The data directory cannot be used; the message says why and what to do."""


class PortTaken(StartRefused):
    """Somebody else listens there; another port is never taken silently."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} on {host} is taken by another program (or by another user's "
            "server). Stop that program, or choose another port, which is then "
            "remembered: wandb server start --port <number>"
        )
        self.host = host
        self.port = port


class AlreadyRunning(StartRefused):
    """This user's local server is running; there is one per runtime directory."""


class ServerExtraMissing(StartRefused):
    """The packages of the extra `server` are not installed."""


DISK_IS_FULL = "its disk is full; it goes on by itself when there is room again"
FULL_TEXTS = (
    *("No space left on device", "disk is full", "Disk quota exceeded"),
    *("507 Insufficient Storage", "XMinioStorageFull", "QuotaExceeded"),
)
"""How file systems, databases and object stores say that there is no room."""


def trouble_of(error: Exception) -> str:
    """What people are told of an error of the storage; the same for the same trouble,
    whatever file it was met in.
    """
    said = str(error)
    return DISK_IS_FULL if any(text in said for text in FULL_TEXTS) else said
