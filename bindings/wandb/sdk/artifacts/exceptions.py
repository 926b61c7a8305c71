"""What using an artifact in the wrong state raises.

The classes and their bases are those that scripts of the official package catch.
"""

from typing import TYPE_CHECKING

from wandb.errors import CommError, Error

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact


class ArtifactStatusError(AttributeError):
    """The artifact is not in the state that the call needs."""

    def __init__(self, text: str, artifact: "Artifact | None" = None) -> None:
        super().__init__(text)
        self.artifact = artifact


class ArtifactNotLoggedError(ArtifactStatusError):
    """Only a server knows the answer, and the artifact is not there (yet)."""

    def __init__(self, name: str, artifact: "Artifact | None" = None) -> None:
        super().__init__(
            f"'{name}' used prior to logging artifact or while in offline mode. "
            "Call Artifact.wait() before accessing logged artifact properties.",
            artifact,
        )


class ArtifactFinalizedError(ArtifactStatusError):
    """The content is fixed: a changed artifact is another version (`new_draft`)."""

    def __init__(self, name: str, artifact: "Artifact | None" = None) -> None:
        super().__init__(
            f"'{name}' used on logged artifact. Can't modify finalized artifact.",
            artifact,
        )


class WaitTimeoutError(Error):
    """The artifact is not at the server yet; its upload goes on."""

    def __init__(self, text: str, artifact: "Artifact") -> None:
        super().__init__(text)
        self.artifact = artifact


class NotFound(CommError):
    """The server has no such version."""


class TooFewItemsError(ValueError):
    """Fewer answers than there must be."""


class TooManyItemsError(ValueError):
    """More answers than there can be."""
