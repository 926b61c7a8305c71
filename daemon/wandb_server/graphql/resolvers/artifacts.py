"""Artifacts as read: types, collections, versions, and how they hang together."""

from collections.abc import Mapping
from typing import Any

from wandb_server.artifact_model import (
    SEQUENCE,
    TTL_INHERITED,
    Alias,
    ArtifactType,
    Collection,
    Membership,
    Page,
    Paging,
    ProjectPlace,
    Version,
)
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    connection,
    node_id,
    page_of,
    timestamp,
)
from wandb_server.graphql.resolvers.artifacts_ids import (
    artifact_id,
    collection_id,
    number_of,
)
from wandb_server.graphql.resolvers.artifacts_lists import (
    only_deleted,
    tags_of_filters,
    wants_oldest_first,
)
from wandb_server.model import Project, Run, User

VERSIONS_PER_PAGE = 50
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
    return await artifacts.membership(_place(project), arguments["name"])


async def _project_type(
    project: Project, question: Question, arguments: Arguments
) -> ArtifactType | None:
    return await question.archive.artifacts.type_named(
        _place(project), arguments["name"]
    )


async def _project_types(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.artifacts.types(_place(project))
    return _short_page(found, question, arguments)


async def _project_collection(
    project: Project, question: Question, arguments: Arguments
) -> Collection | None:
    return await question.archive.artifacts.collection_named(
        _place(project), arguments["name"]
    )


async def _project_collections(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    return await _collections(_place(project), None, question, arguments)


async def _type_collections(
    of: ArtifactType, question: Question, arguments: Arguments
) -> dict[str, Any]:
    return await _collections(of.place, of.id, question, arguments)


async def _type_collection(
    of: ArtifactType, question: Question, arguments: Arguments
) -> Collection | None:
    found = await question.archive.artifacts.collection_named(
        of.place, arguments["name"]
    )
    return found if found is not None and found.type_id == of.id else None


async def _type_artifact(
    of: ArtifactType, question: Question, arguments: Arguments
) -> Version | None:
    member = await question.archive.artifacts.membership(of.place, arguments["name"])
    return None if member is None else member.version


async def _collections(
    place: ProjectPlace, type_id: int | None, question: Question, arguments: Arguments
) -> dict[str, Any]:
    kinds = [kind.lower() for kind in arguments.get("collectionTypes") or ()]
    found = await question.archive.artifacts.found.collections(place, type_id, kinds)
    tags = tags_of_filters(arguments.get("filters"))
    found = [one for one in found if set(tags) <= set(one.tags)]
    order = arguments.get("order") or ""
    if "name" in order:
        found.sort(key=lambda one: one.name, reverse=order.startswith("-"))
    elif order and not order.startswith("-"):
        found.reverse()
    return _short_page(found, question, arguments)


def _short_page(items: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    limit = question.limits.page_items_max
    return page_of(items, arguments.get("first"), arguments.get("after"), limit)


def _place(project: Project) -> ProjectPlace:
    return ProjectPlace(project.entity, project.name)


# ---- collections ---------------------------------------------------------------------


async def _of_place(
    parent: Collection | Version | ArtifactType, question: Question, _: Arguments
) -> Project | None:
    return await question.archive.project(parent.place.entity, parent.place.project)


async def _type_of_collection(
    collection: Collection, question: Question, _: Arguments
) -> ArtifactType | None:
    return await question.archive.artifacts.found.type_named(
        collection.place, collection.type_name
    )


async def _collection_aliases(
    collection: Collection, question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.artifacts.found.aliases(collection)
    return _short_page(found, question, arguments)


async def _members(
    question: Question, arguments: Arguments, **of: Any
) -> Page[Membership]:
    filters = arguments.get("filters")
    if only_deleted(filters):
        return Page((), (), has_next=False, total=0)
    return await question.archive.artifacts.members(
        _paging(question, arguments, VERSIONS_PER_PAGE),
        tags=tags_of_filters(filters),
        oldest_first=wants_oldest_first(arguments.get("order")),
        **of,
    )


async def _versions(
    collection: Collection, question: Question, arguments: Arguments
) -> dict[str, Any]:
    page = await _members(question, arguments, collection_id=collection.id)
    edges = [
        {
            "node": member.version,
            "version": f"v{member.version_index}",
            "cursor": cursor,
        }
        for member, cursor in zip(page.items, page.cursors, strict=True)
    ]
    return connection(edges, page.has_next, page.total)


async def _memberships(
    collection: Collection, question: Question, arguments: Arguments
) -> dict[str, Any]:
    page = await _members(question, arguments, collection_id=collection.id)
    return to_connection(page)


async def _member_by_alias(
    collection: Collection, question: Question, arguments: Arguments
) -> Membership | None:
    return await question.archive.artifacts.member(collection, arguments["aliasName"])


async def _latest(
    collection: Collection, question: Question, _: Arguments
) -> Version | None:
    member = await question.archive.artifacts.member(collection, "latest")
    return None if member is None else member.version


async def _version_count(
    collection: Collection, question: Question, _: Arguments
) -> int:
    return await question.archive.artifacts.found.version_count(collection.id)


# ---- versions ------------------------------------------------------------------------


async def _version_type(
    version: Version, question: Question, _: Arguments
) -> ArtifactType | None:
    return await _type_of_collection(version.collection, question, {})


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
    return _short_page(found, question, arguments)


async def _version_memberships(
    version: Version, question: Question, arguments: Arguments
) -> dict[str, Any]:
    return to_connection(await _members(question, arguments, artifact_id=version.id))


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
    paging = _paging(question, arguments, VERSIONS_PER_PAGE)
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


# ---- forms ---------------------------------------------------------------------------


def _paging(question: Question, arguments: Arguments, first: int) -> Paging:
    asked = arguments.get("first")
    count = first if asked is None else asked
    limit = question.limits.page_items_max
    return Paging(max(0, min(count, limit)), arguments.get("after") or None)


def to_connection(page: Page[Any]) -> dict[str, Any]:
    """A page as GraphQL lists are answered."""
    edges = [
        {"node": item, "cursor": cursor}
        for item, cursor in zip(page.items, page.cursors, strict=True)
    ]
    return connection(edges, page.has_next, page.total)


def _tag_nodes(parent: Collection | Version) -> list[dict[str, Any]]:
    return [{"id": node_id("Tag", tag), "name": tag} for tag in parent.tags]


def _collection_tags(collection: Collection, *_: Any) -> dict[str, Any]:
    nodes = _tag_nodes(collection)
    edges = [{"node": node, "cursor": node["name"]} for node in nodes]
    return connection(edges, False, len(edges))


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

_COLLECTION: Mapping[str, Resolver] = {
    "id": lambda collection, *_: collection_id(collection),
    "state": lambda *_: "READY",
    "createdAt": lambda collection, *_: timestamp(collection.created_at),
    "updatedAt": lambda collection, *_: timestamp(collection.updated_at),
    "project": _of_place,
    "defaultArtifactType": _type_of_collection,
    "tags": _collection_tags,
    "aliases": _collection_aliases,
    "artifacts": _versions,
    "artifactMembership": _member_by_alias,
    "artifactMemberships": _memberships,
    "versionCount": _version_count,
}

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
        "artifactCollection": _project_collection,
        "artifactCollections": _project_collections,
        "artifactCollectionMembership": _project_membership,
    },
    "Run": {"outputArtifacts": _outputs, "inputArtifacts": _inputs},
    "ArtifactSequence": {**_COLLECTION, "latestArtifact": _latest},
    "ArtifactPortfolio": _COLLECTION,
    "ArtifactType": {
        "id": lambda of, *_: node_id("ArtifactType", of.id),
        "createdAt": lambda of, *_: timestamp(of.created_at),
        "project": _of_place,
        "artifactCollections": _type_collections,
        "artifactCollection": _type_collection,
        "artifact": _type_artifact,
        "artifactSequence": _type_collection,
        "artifactSequences": _type_collections,
    },
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
        "project": _of_place,
        "metadata": lambda version, *_: version.metadata_json,
        "ttlDurationSeconds": _ttl,
        "ttlIsInherited": lambda version, *_: version.ttl_s is None,
        "tags": lambda version, *_: _tag_nodes(version),
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
