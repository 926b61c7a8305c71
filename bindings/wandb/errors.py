"""The errors that users and integrations catch.

```
Error
  CommError                      core or a server could not be reached (`exc`: cause)
    AuthenticationError          the server does not accept the key
  UsageError                     the call cannot be right
    UnsupportedError             right, but not available (here, or yet)
    SettingsError                a setting that does not exist or a value it cannot take
  WandbCoreNotAvailableError     the core daemon cannot be started
```
"""


class Error(Exception):
    """Root of everything this package raises on purpose."""

    def __init__(self, message: str = "", context: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


class CommError(Error):
    """Core or a server could not be reached, or refused; `exc` is the cause."""

    def __init__(self, message: str, exc: BaseException | None = None) -> None:
        super().__init__(message)
        self.exc = exc


class AuthenticationError(CommError):
    """The server does not accept the API key, or there is none."""


class UsageError(Error):
    """The call cannot be right, whatever the world does."""


class UnsupportedError(UsageError):
    """What was asked for is not available: here, or in this version yet."""


class SettingsError(UsageError, ValueError):
    """A setting that does not exist, or a value it cannot take."""

    def __init__(
        self, message: str, *, field: str = "", value: object = None, source: str = ""
    ) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.source = source


class WandbCoreNotAvailableError(Error):
    """The core daemon cannot be started on this machine."""
