"""One file or reference of an artifact."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from wandb.sdk.artifacts.digests import hex_of_id

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact


@dataclass(eq=False)
class ArtifactManifestEntry:
    """A line of the manifest, as the manifest file has it."""

    path: str
    digest: str
    """base64(MD5) of the content; of a reference, its ETag or the address itself."""
    ref: str | None = None
    birth_artifact_id: str | None = None
    """Artifact under which the server stored the content first."""
    size: int | None = None
    """Bytes; None for a reference of unknown size."""
    extra: dict[str, Any] = field(default_factory=dict)
    local_path: str | None = None
    """Where the content lies on this machine until it is uploaded."""
    skip_cache: bool = False

    def __post_init__(self) -> None:
        self._artifact: Artifact | None = None
        self._downloaded: str | None = None

    @property
    def name(self) -> str:
        """The same as `path`."""
        return self.path

    def parent_artifact(self) -> "Artifact":
        """The artifact that it was read from.

        Raises:
            NotImplementedError: it belongs to none that is at a server.
        """
        if self._artifact is None or self._artifact.id is None:
            raise NotImplementedError(f"{self.path} belongs to no logged artifact")
        return self._artifact

    def download(
        self,
        root: str | None = None,
        skip_cache: bool | None = None,
        executor: Any = None,
        multipart: bool | None = None,
    ) -> str:
        """Put the file below `root` (default: the artifact's); returns its path.

        Raises:
            CommError: it cannot be had, or its digest is wrong.
        """
        from wandb.sdk.artifacts.download import download_entry

        if self._downloaded and root is None and Path(self._downloaded).is_file():
            return self._downloaded
        skipped = self.skip_cache if skip_cache is None else skip_cache
        path = download_entry(self.parent_artifact(), self, root, skip_cache=skipped)
        self._downloaded = path
        return path

    def ref_target(self) -> str:
        """The address that a reference points to; of a file, its path here.

        Raises:
            ValueError: it is no reference.
        """
        if self.ref is None:
            raise ValueError("Only reference entries support ref_target().")
        if self.ref.startswith("file://"):
            return url2pathname(urlsplit(self.ref).path)
        return self.ref

    def ref_url(self) -> str:
        """`wandb-artifact://…`: how another artifact can refer to this entry."""
        artifact = self.parent_artifact()
        assert artifact.id is not None
        return f"wandb-artifact://{hex_of_id(artifact.id)}/{self.path}"

    def to_json(self) -> dict[str, Any]:
        """As in a manifest file, with the path."""
        return {"path": self.path, **self.content_json()}

    def content_json(self) -> dict[str, Any]:
        """As in a manifest file, under the path."""
        content: dict[str, Any] = {"digest": self.digest}
        if self.birth_artifact_id is not None:
            content["birthArtifactID"] = self.birth_artifact_id
        if self.ref is not None:
            content["ref"] = self.ref
        if self.extra:
            content["extra"] = self.extra
        if self.size is not None:
            content["size"] = self.size
        return content

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArtifactManifestEntry):
            return NotImplemented
        mine = (self.path, self.digest, self.ref, self.size, self.extra)
        return mine == (other.path, other.digest, other.ref, other.size, other.extra)

    __hash__ = object.__hash__
