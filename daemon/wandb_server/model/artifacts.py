"""What crosses boundaries about artifacts.

Collection ◄── Membership ──► Version ──► VersionFile …
    sequence: its versions were made in it; portfolio: they are linked to it
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

SEQUENCE = "sequence"
PORTFOLIO = "portfolio"

PENDING = "PENDING"
COMMITTED = "COMMITTED"
DELETED = "DELETED"

TTL_FOREVER = -1
TTL_INHERITED = -2


@dataclass(frozen=True, slots=True)
class ProjectPlace:
    """A project by name, as in every question."""

    entity: str
    project: str


@dataclass(frozen=True, slots=True)
class ArtifactType:
    """A kind of artifacts of one project: dataset, model, …"""

    id: int
    place: ProjectPlace
    project_id: int
    name: str
    description: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Collection:
    """A sequence or a portfolio; `kind` says which."""

    id: int
    place: ProjectPlace
    project_id: int
    kind: str
    name: str
    type_id: int
    type_name: str
    description: str | None
    created_at: float
    updated_at: float
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of a version within a collection."""

    id: int
    alias: str
    collection: Collection


@dataclass(frozen=True, slots=True)
class Version:
    """One artifact. `version_index` is None before its commit."""

    id: int
    collection: Collection
    """The sequence that it was made in."""
    state: str
    version_index: int | None
    digest: str
    digest_algorithm: str | None
    description: str | None
    metadata_json: str | None
    ttl_s: int | None
    """None: nothing was said; -1: kept for ever."""
    history_step: int | None
    run_id: int | None
    user_name: str
    commit_hash: str | None
    size_bytes: int
    file_count: int
    manifest_id: int | None
    created_at: float
    updated_at: float
    tags: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()

    @property
    def place(self) -> ProjectPlace:
        """The project that it was made in: who may use that may use this."""
        return self.collection.place


@dataclass(frozen=True, slots=True)
class Membership:
    """That a version is in a collection, under a number of its own there."""

    id: int
    collection: Collection
    version: Version
    version_index: int
    created_at: float


@dataclass(frozen=True, slots=True)
class VersionFile:
    """One entry of a version's manifest."""

    path: str
    digest: str
    size_bytes: int | None
    reference: str | None
    """A URI: the bytes lie elsewhere."""
    object_id: int | None


@dataclass(frozen=True, slots=True)
class FolderPart:
    """What lies below one name of a folder: its files added up."""

    name: str
    file_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Folder:
    """One level of a version's tree; `total` counts folders and files."""

    folders: tuple[FolderPart, ...]
    files: tuple[VersionFile, ...]
    total: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """A list of entries that a client announced, and sent if `object_id` is known."""

    id: int
    artifact_id: int
    kind: str
    """FULL, INCREMENTAL (upon the base artifact) or PATCH (upon what others send)."""
    name: str
    digest: str
    base_artifact_id: int | None
    object_id: int | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a client says of a version before it sends anything of it."""

    place: ProjectPlace
    type_name: str
    collection: str
    digest: str
    run_name: str | None = None
    digest_algorithm: str | None = None
    description: str | None = None
    metadata_json: str | None = None
    aliases: tuple[tuple[str, str], ...] = ()
    """(collection, alias) pairs."""
    tags: tuple[str, ...] = ()
    ttl_s: int | None = None
    history_step: int | None = None
    deduplicate: bool = False
    """A committed version of the same digest is as good."""
    distributed_id: str | None = None
    """Writers with the same one add to one version."""
    client_id: str | None = None
    sequence_client_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewManifest:
    """A manifest as announced; `digest` is empty while it is not known."""

    artifact_id: int
    kind: str
    name: str
    digest: str
    base_artifact_id: int | None


@dataclass(frozen=True, slots=True)
class VersionEdit:
    """What to change of a version; None leaves it."""

    description: str | None = None
    metadata_json: str | None = None
    ttl_s: int | None = None
    """TTL_INHERITED forgets what was said."""
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file that a client is about to send; `parts` when it comes in pieces."""

    name: str
    md5_base64: str
    parts: Mapping[int, str] | None = None
    """Part number -> hexadecimal MD5."""


@dataclass(frozen=True, slots=True)
class Paging:
    """A page of a list: how many, behind which cursor."""

    first: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list with a cursor per item."""

    items: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool
    total: int
