"""What an artifact is: its fields, and where each comes from."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wandb._terminal import termwarn
from wandb.errors import CommError
from wandb.sdk.artifacts import validators
from wandb.sdk.artifacts.artifact_manifest import ArtifactManifest
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.artifact_ttl import ArtifactTTL
from wandb.sdk.artifacts.exceptions import ArtifactNotLoggedError
from wandb.sdk.artifacts.staging import Staging
from wandb.sdk.lib.runid import generate_id

if TYPE_CHECKING:
    from wandb.apis.public.artifacts import ArtifactCollection
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.artifacts.artifact import Artifact
    from wandb.sdk.artifacts.pending import PendingLog
    from wandb.sdk.artifacts.server_facts import Collection, ServerFacts

CLIENT_ID_CHARACTERS = 128
DIGEST_ALGORITHM = "MANIFEST_MD5"
TTL_INHERITED_S, TTL_FOREVER_S = -2, -1


class ArtifactFields:
    """Name, type, digest and all else to be read; `Artifact` is the only subclass."""

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        storage_region: str | None = None,
        digest_algorithm: str = "MD5",
    ) -> None:
        self._name = validators.checked_name(name)
        self._type = validators.checked_type(type, self._name)
        self._description = description
        self._metadata = validators.checked_metadata(metadata)
        self._incremental = incremental
        if use_as is not None:
            termwarn("use_as is deprecated and has no effect.", repeat=False)
        if digest_algorithm != "MD5":
            termwarn(f"Digests are MD5; {digest_algorithm} is not used.", repeat=False)
        self._client_id = generate_id(CLIENT_ID_CHARACTERS)
        self._sequence_client_id = generate_id(CLIENT_ID_CHARACTERS)
        self._distributed_id: str | None = None
        self._base_id: str | None = None
        self._ttl_s = TTL_INHERITED_S
        self._ttl_changed = False
        self._final = False
        self._manifest: ArtifactManifest | None = ArtifactManifest(
            storage_region=storage_region
        )
        self._added_paths: dict[str, str] = {}
        """Absolute local path -> path in the artifact."""
        self._added_values: dict[int, tuple[Any, ArtifactManifestEntry]] = {}
        self._staging: Staging | None = None
        self._pending: PendingLog | None = None
        self._facts: ServerFacts | None = None
        self._client: GraphqlClient | None = None
        self._saved_aliases: tuple[str, ...] = ()
        self._saved_tags: tuple[str, ...] = ()
        self._aliases: list[str] = []
        self._tags: list[str] = []
        self._download_root: str | None = None
        self._asked_alias = ""

    def _learn(self, client: "GraphqlClient", facts: "ServerFacts") -> None:
        self._client, self._facts = client, facts
        self._name, self._type = facts.collection.name, facts.type
        self._description = facts.description
        self._metadata = dict(facts.metadata)
        self._aliases, self._saved_aliases = list(facts.aliases), facts.aliases
        self._tags, self._saved_tags = list(facts.tags), facts.tags
        self._ttl_s = TTL_INHERITED_S
        if facts.ttl_s is not None and not facts.ttl_is_inherited:
            self._ttl_s = facts.ttl_s
        self._ttl_changed = False

    def _require_facts(self, name: str) -> "ServerFacts":
        if self._facts is None:
            raise ArtifactNotLoggedError(f"Artifact.{name}", self._self())
        return self._facts

    def _server(self) -> "GraphqlClient":
        assert self._client is not None, "an artifact of a server has its client"
        return self._client

    # ---- what it is

    @property
    def id(self) -> str | None:
        """Id at the server; None before it is there."""
        return self._facts.id if self._facts else None

    @property
    def name(self) -> str:
        """The collection's name; with `:vN` once the version is known, or with the
        alias that it was asked for by.
        """
        if self._facts is None or self._facts.version_index is None:
            return self._name
        if self._asked_alias:
            return f"{self._name}:{self._asked_alias}"
        return f"{self._name}:v{self._facts.version_index}"

    @property
    def qualified_name(self) -> str:
        """`entity/project/name:vN`."""
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def type(self) -> str:
        """The type, such as dataset or model."""
        return self._type

    @property
    def state(self) -> str:
        """PENDING, COMMITTED or DELETED."""
        return self._facts.state if self._facts else "PENDING"

    @property
    def entity(self) -> str:
        """User or team of the collection."""
        return self._collection("entity").entity

    @property
    def project(self) -> str:
        """Project of the collection."""
        return self._collection("project").project

    @property
    def version(self) -> str:
        """`vN`."""
        return f"v{self._require_facts('version').version_index}"

    @property
    def collection(self) -> "ArtifactCollection":
        """The collection through which it was asked for."""
        return self._collection_object(self._collection("collection"))

    @property
    def source_name(self) -> str:
        """Name in the sequence in which it was made."""
        if self._facts is None:
            return self._name
        return f"{self._facts.source.name}:v{self._facts.source_version_index}"

    @property
    def source_qualified_name(self) -> str:
        """`entity/project/name:vN` of the sequence in which it was made."""
        return f"{self.source_entity}/{self.source_project}/{self.source_name}"

    @property
    def source_entity(self) -> str:
        """Entity of the sequence in which it was made."""
        return self._require_facts("source_entity").source.entity

    @property
    def source_project(self) -> str:
        """Project of the sequence in which it was made."""
        return self._require_facts("source_project").source.project

    @property
    def source_version(self) -> str:
        """Version in the sequence in which it was made."""
        facts = self._require_facts("source_version")
        return f"v{facts.source_version_index}"

    @property
    def source_collection(self) -> "ArtifactCollection":
        """The sequence in which it was made."""
        facts = self._require_facts("source_collection")
        return self._collection_object(facts.source)

    @property
    def source_artifact(self) -> "Artifact":
        """The version itself, where this is a link to it."""
        from wandb.sdk.artifacts.look_up import artifact_by_id

        facts = self._require_facts("source_artifact")
        return (
            artifact_by_id(self._server(), facts.id) if self.is_link else self._self()
        )

    @property
    def is_link(self) -> bool:
        """Whether it was asked for through a collection that only links it."""
        facts = self._facts
        return facts is not None and facts.collection.path != facts.source.path

    @property
    def linked_artifacts(self) -> "list[Artifact]":
        """The same version in the collections that link it."""
        from wandb.sdk.artifacts.look_up import links_of

        self._require_facts("linked_artifacts")
        return links_of(self._self())

    @property
    def description(self) -> str | None:
        """Text about this version."""
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._description = description

    @property
    def metadata(self) -> dict[str, Any]:
        """Up to 100 keys of plain values; `save` stores changes."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: dict[str, Any]) -> None:
        self._metadata = validators.checked_metadata(metadata)

    @property
    def aliases(self) -> list[str]:
        """Aliases in the collection; `save` stores changes."""
        self._require_facts("aliases")
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: Iterable[str]) -> None:
        self._require_facts("aliases")
        self._aliases = validators.checked_aliases(aliases)

    @property
    def tags(self) -> list[str]:
        """Tags of the version; `save` stores changes."""
        self._require_facts("tags")
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._require_facts("tags")
        self._tags = validators.checked_tags(tags)

    @property
    def ttl(self) -> timedelta | None:
        """How long it lives; None: for ever, or as the project says (`INHERIT`)."""
        if self._facts is None and not self._ttl_changed:
            raise ArtifactNotLoggedError("Artifact.ttl", self._self())
        return timedelta(seconds=self._ttl_s) if self._ttl_s > 0 else None

    @ttl.setter
    def ttl(self, ttl: timedelta | ArtifactTTL | None) -> None:
        if isinstance(ttl, ArtifactTTL):
            seconds = TTL_INHERITED_S
        elif ttl is None:
            seconds = TTL_FOREVER_S
        elif ttl.total_seconds() <= 0:
            raise ValueError(
                f"Artifact TTL Duration has to be positive. ttl: {ttl.total_seconds()}"
            )
        else:
            seconds = int(ttl.total_seconds())
        self._ttl_s, self._ttl_changed = seconds, True

    @property
    def size(self) -> int:
        """Bytes of all files."""
        if self._facts is not None and self._manifest is None:
            return self._facts.size
        return self.manifest.size()

    @property
    def digest(self) -> str:
        """Hex digest of the content: equal content, equal digest."""
        if self._facts is not None and self._manifest is None:
            return self._facts.digest
        return self.manifest.digest()

    @property
    def digest_algorithm(self) -> str:
        """How the digest is made."""
        return DIGEST_ALGORITHM

    @property
    def file_count(self) -> int:
        """Number of entries, references included."""
        return self._require_facts("file_count").file_count

    @property
    def commit_hash(self) -> str:
        """Hash of the commit at the server."""
        return self._require_facts("commit_hash").commit_hash

    @property
    def history_step(self) -> int | None:
        """Step of the run at which it was logged."""
        return self._require_facts("history_step").history_step

    @property
    def created_at(self) -> str:
        """When it was made, ISO 8601."""
        return self._require_facts("created_at").created_at

    @property
    def updated_at(self) -> str:
        """When it was changed last, ISO 8601."""
        facts = self._require_facts("updated_at")
        return facts.updated_at or facts.created_at

    @property
    def linked_at(self) -> str:
        """When it was linked into the collection, ISO 8601."""
        facts = self._require_facts("linked_at")
        return facts.listed_at or facts.created_at

    @property
    def url(self) -> str:
        """Its page."""
        facts = self._require_facts("url")
        place = facts.collection
        kind = self._type.replace("/", "%2F")
        base = f"{self._server().base_url}/{place.entity}/{place.project}"
        return f"{base}/artifacts/{kind}/{place.name}/{self.version}"

    @property
    def distributed_id(self) -> str | None:
        """Name of the group of writers that make it together."""
        return self._distributed_id

    @distributed_id.setter
    def distributed_id(self, distributed_id: str | None) -> None:
        self._distributed_id = distributed_id

    @property
    def incremental(self) -> bool:
        """Whether it adds to the latest version instead of replacing it."""
        return self._incremental

    @property
    def use_as(self) -> str | None:
        """Deprecated; None."""
        return None

    @property
    def manifest(self) -> ArtifactManifest:
        """Its entries; of a version at a server, read when first asked for."""
        if self._manifest is None:
            from wandb.sdk.artifacts.look_up import fetch_manifest

            self._manifest = fetch_manifest(self._self())
        return self._manifest

    # ---- inside

    def _self(self) -> "Artifact":
        from wandb.sdk.artifacts.artifact import Artifact

        assert isinstance(self, Artifact)
        return self

    def _collection(self, name: str) -> "Collection":
        return self._require_facts(name).collection

    def _collection_object(self, place: "Collection") -> "ArtifactCollection":
        from wandb.apis.public.artifacts import ArtifactCollection

        found = ArtifactCollection.fetch(
            self._server(), place.entity, place.project, place.name, self.type
        )
        if found is None:
            raise CommError(f"There is no collection {place.path}")
        return found
