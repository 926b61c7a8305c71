"""What a server says about one version of an artifact."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEQUENCE = "ArtifactSequence"
PORTFOLIO = "ArtifactPortfolio"


@dataclass(frozen=True, slots=True)
class Collection:
    """Where a version is listed."""

    entity: str
    project: str
    name: str
    kind: str = SEQUENCE
    id: str = ""

    @property
    def path(self) -> str:
        """`entity/project/name`."""
        return f"{self.entity}/{self.project}/{self.name}"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One version, seen from one of the collections that list it."""

    id: str
    collection: Collection
    """Through which it was asked for."""
    source: Collection
    """The sequence in which it was made."""
    version_index: int | None
    source_version_index: int | None
    type: str
    state: str
    digest: str
    size: int
    file_count: int
    description: str | None
    metadata: dict[str, Any]
    aliases: tuple[str, ...]
    """In `collection`."""
    tags: tuple[str, ...]
    ttl_s: int | None
    ttl_is_inherited: bool
    history_step: int | None
    commit_hash: str
    created_at: str
    updated_at: str | None
    listed_at: str = field(default="")
    """When it came into `collection`."""


def read_artifact(node: Mapping[str, Any]) -> ServerFacts:
    """An `ArtifactFields` answer, seen from its own sequence."""
    source = read_collection(node.get("artifactSequence") or {})
    aliases = tuple(
        alias["alias"]
        for alias in node.get("aliases") or ()
        if _belongs(alias.get("artifactCollection"), source)
    )
    return ServerFacts(
        id=node["id"],
        collection=source,
        source=source,
        version_index=node.get("versionIndex"),
        source_version_index=node.get("versionIndex"),
        type=(node.get("artifactType") or {}).get("name") or "",
        state=node.get("state") or "PENDING",
        digest=node.get("digest") or "",
        size=int(node.get("size") or 0),
        file_count=int(node.get("fileCount") or 0),
        description=node.get("description"),
        metadata=_object(node.get("metadata")),
        aliases=aliases,
        tags=tuple(tag["name"] for tag in node.get("tags") or ()),
        ttl_s=node.get("ttlDurationSeconds"),
        ttl_is_inherited=bool(node.get("ttlIsInherited")),
        history_step=node.get("historyStep"),
        commit_hash=node.get("commitHash") or "",
        created_at=node.get("createdAt") or "",
        updated_at=node.get("updatedAt"),
    )


def read_membership(node: Mapping[str, Any]) -> ServerFacts | None:
    """A `MembershipFields` answer; None if nothing is there."""
    from dataclasses import replace

    artifact = node.get("artifact")
    if not artifact:
        return None
    facts = read_artifact(artifact)
    collection = read_collection(node.get("artifactCollection") or {})
    return replace(
        facts,
        collection=collection,
        version_index=node.get("versionIndex"),
        aliases=tuple(alias["alias"] for alias in node.get("aliases") or ()),
        listed_at=node.get("createdAt") or "",
    )


def read_collection(node: Mapping[str, Any]) -> Collection:
    """A collection as far as an answer names it."""
    project = node.get("project") or {}
    return Collection(
        entity=(project.get("entity") or {}).get("name") or "",
        project=project.get("name") or "",
        name=node.get("name") or "",
        kind=node.get("__typename") or SEQUENCE,
        id=node.get("id") or "",
    )


def _belongs(node: Mapping[str, Any] | None, source: Collection) -> bool:
    if node is None:
        return True
    found = read_collection(node)
    return found.path == source.path


def _object(text: Any) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        found = json.loads(text) if text else {}
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
