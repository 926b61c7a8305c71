"""Artifacts as read: types, collections, versions, and how they hang together."""

from collections.abc import Mapping
from typing import Any

from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    connection,
    node_id,
    timestamp,
)
from wandb_server.graphql.resolvers.artifacts_collections import type_of_collection
from wandb_server.graphql.resolvers.artifacts_ids import (
    artifact_id,
    collection_id,
    number_of,
)
from wandb_server.graphql.resolvers.artifacts_lists import (
    VERSIONS_PER_PAGE,
    members_of,
    paging_of,
    place_named,
    project_of,
    short_page,
    tag_nodes,
    to_connection,
)
from wandb_server.model.accounts import User
from wandb_server.model.artifacts import (
    SEQUENCE,
    TTL_INHERITED,
    Alias,
    ArtifactType,
    Collection,
    Membership,
    Version,
)
from wandb_server.model.projects import Project
from wandb_server.model.runs import Run

OLD_ALIAS_FIELDS = frozenset(("alias", "artifactCollection"))
SELECTED = "<selected>"
"""The argument that no document can name: which fields are asked for below."""


# ---- root and project ----------------------------------------------------------------


async def _artifact(_: Any, question: Question, arguments: Arguments) -> Version | None:
    number = number_of("Artifact", arguments["id"])
    return await question.archive.artifacts.version(number)


async def _collection(
    _: Any, question: Question, arguments: Arguments
) -> Collection | None:
    number = number_of("ArtifactCollection", arguments["id"])
    return await question.archive.artifacts.collection(number)


async def _client_id(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any] | None:
    found = await question.archive.artifacts.of_client_id(arguments["clientID"])
    version, collection = found
    if version is not None:
        return {"serverID": artifact_id(version)}
    return None if collection is None else {"serverID": collection_id(collection)}


async def _project_artifact(
    project: Project, question: Question, arguments: Arguments
) -> Version | None:
    member = await _project_membership(project, question, arguments)
    return None if member is None else member.version


async def _project_membership(
    project: Project, question: Question, arguments: Arguments
) -> Membership | None:
    artifacts = question.archive.artifacts
    return await artifacts.membership(place_named(project), arguments["name"])


async def _project_type(
    project: Project, question: Question, arguments: Arguments
) -> ArtifactType | None:
    return await question.archive.artifacts.type_named(
        place_named(project), arguments["name"]
    )


async def _project_types(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.artifacts.types(place_named(project))
    return short_page(found, question, arguments)


# ---- versions ------------------------------------------------------------------------


async def _version_type(
    version: Version, question: Question, _: Arguments
) -> ArtifactType | None:
    return await type_of_collection(version.collection, question, {})


async def _created_by(
    version: Version, question: Question, _: Arguments
) -> Run | User | None:
    run = await question.archive.artifacts.creator_of(version)
    if run is not None:
        return run
    return await question.archive.people.named(version.user_name)


async def _used_by(
    version: Version, question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.artifacts.users_of(version)
    return short_page(found, question, arguments)


async def _version_memberships(
    version: Version, question: Question, arguments: Arguments
) -> dict[str, Any]:
    return to_connection(await members_of(question, arguments, artifact_id=version.id))


async def _aliases(
    version: Version, question: Question, arguments: Arguments
) -> list[Alias]:
    found = await question.archive.artifacts.seen_aliases(version)
    if arguments[SELECTED] >= OLD_ALIAS_FIELDS and "id" not in arguments[SELECTED]:
        # Clients before 0.17 read the number of a version from its aliases.
        number = f"v{version.version_index}"
        found.append(Alias(0, number, version.collection))
    return found


async def _own_bytes(version: Version, question: Question, _: Arguments) -> int:
    return await question.archive.artifacts.found.own_bytes(version.id)


async def _of_run(
    run: Run, question: Question, arguments: Arguments, direction: str
) -> dict[str, Any]:
    paging = paging_of(question, arguments, VERSIONS_PER_PAGE)
    page = await question.archive.artifacts.versions_of_run(run, direction, paging)
    edges = [
        {"node": version, "version": f"v{version.version_index}", "cursor": cursor}
        for version, cursor in zip(page.items, page.cursors, strict=True)
    ]
    return connection(edges, page.has_next, page.total)


async def _outputs(run: Run, question: Question, arguments: Arguments) -> Any:
    return await _of_run(run, question, arguments, "output")


async def _inputs(run: Run, question: Question, arguments: Arguments) -> Any:
    return await _of_run(run, question, arguments, "input")


def type_name(value: Any, *_: Any) -> str | None:
    """Which object type a value of an interface or union is."""
    if isinstance(value, Collection):
        return "ArtifactSequence" if value.kind == SEQUENCE else "ArtifactPortfolio"
    if isinstance(value, Run):
        return "Run"
    return "User" if isinstance(value, User) else None


def _alias_members(member: Membership, *_: Any) -> list[Alias]:
    mine = member.collection.id
    return [alias for alias in member.version.aliases if alias.collection.id == mine]


def _ttl(version: Version, *_: Any) -> int:
    return TTL_INHERITED if version.ttl_s is None else version.ttl_s


KNOWS_SELECTION: frozenset[Resolver] = frozenset((_aliases,))
"""Resolvers that are given `SELECTED`."""


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "artifact": _artifact,
        "artifactCollection": _collection,
        "clientIDMapping": _client_id,
    },
    "Project": {
        "artifact": _project_artifact,
        "artifactType": _project_type,
        "artifactTypes": _project_types,
        "artifactCollectionMembership": _project_membership,
    },
    "Run": {"outputArtifacts": _outputs, "inputArtifacts": _inputs},
    "ArtifactAlias": {
        "id": lambda alias, *_: node_id("ArtifactAlias", alias.id),
        "artifactCollection": lambda alias, *_: alias.collection,
        "artifactCollectionName": lambda alias, *_: alias.collection.name,
    },
    "ArtifactCollectionMembership": {
        "id": lambda member, *_: node_id("ArtifactCollectionMembership", member.id),
        "createdAt": lambda member, *_: timestamp(member.created_at),
        "aliases": _alias_members,
        "artifactCollection": lambda member, *_: member.collection,
        "artifact": lambda member, *_: member.version,
    },
    "Artifact": {
        "id": lambda version, *_: artifact_id(version),
        "artifactSequence": lambda version, *_: version.collection,
        "artifactType": _version_type,
        "project": project_of,
        "metadata": lambda version, *_: version.metadata_json,
        "ttlDurationSeconds": _ttl,
        "ttlIsInherited": lambda version, *_: version.ttl_s is None,
        "tags": lambda version, *_: tag_nodes(version),
        "size": lambda version, *_: version.size_bytes,
        "storageBytes": lambda version, *_: version.size_bytes,
        "createdAt": lambda version, *_: timestamp(version.created_at),
        "updatedAt": lambda version, *_: timestamp(version.updated_at),
        "createdBy": _created_by,
        "usedBy": _used_by,
        "artifactMemberships": _version_memberships,
        "aliases": _aliases,
        "ownBytes": _own_bytes,
    },
}
