"""Types and collections: lists of them, and of the versions in them."""

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
from wandb_server.graphql.resolvers.artifacts_ids import (
    collection_id,
)
from wandb_server.graphql.resolvers.artifacts_lists import (
    members_of,
    place_named,
    project_of,
    short_page,
    tag_nodes,
    tags_of_filters,
    to_connection,
)
from wandb_server.model.artifacts import (
    SEQUENCE,
    ArtifactType,
    Collection,
    Membership,
    ProjectPlace,
    Version,
)
from wandb_server.model.projects import Project


async def type_of_collection(
    collection: Collection, question: Question, _: Arguments
) -> ArtifactType | None:
    """The type of everything in it."""
    return await question.archive.artifacts.found.type_named(
        collection.place, collection.type_name
    )


async def _collection_aliases(
    collection: Collection, question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.artifacts.found.aliases(collection)
    return short_page(found, question, arguments)


async def _versions(
    collection: Collection, question: Question, arguments: Arguments
) -> dict[str, Any]:
    page = await members_of(question, arguments, collection_id=collection.id)
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
    page = await members_of(question, arguments, collection_id=collection.id)
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


def _collection_tags(collection: Collection, *_: Any) -> dict[str, Any]:
    nodes = tag_nodes(collection)
    edges = [{"node": node, "cursor": node["name"]} for node in nodes]
    return connection(edges, False, len(edges))


async def _project_collection(
    project: Project, question: Question, arguments: Arguments
) -> Collection | None:
    return await question.archive.artifacts.collection_named(
        place_named(project), arguments["name"]
    )


async def _project_collections(
    project: Project, question: Question, arguments: Arguments
) -> dict[str, Any]:
    return await _collections(place_named(project), None, question, arguments)


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


async def _type_sequence(
    of: ArtifactType, question: Question, arguments: Arguments
) -> Collection | None:
    found = await _type_collection(of, question, arguments)
    return found if found is not None and found.kind == SEQUENCE else None


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
    return short_page(found, question, arguments)


_COLLECTION: Mapping[str, Resolver] = {
    "id": lambda collection, *_: collection_id(collection),
    "state": lambda *_: "READY",
    "createdAt": lambda collection, *_: timestamp(collection.created_at),
    "updatedAt": lambda collection, *_: timestamp(collection.updated_at),
    "project": project_of,
    "defaultArtifactType": type_of_collection,
    "tags": _collection_tags,
    "aliases": _collection_aliases,
    "artifacts": _versions,
    "artifactMembership": _member_by_alias,
    "artifactMemberships": _memberships,
    "versionCount": _version_count,
}

RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Project": {
        "artifactCollection": _project_collection,
        "artifactCollections": _project_collections,
    },
    "ArtifactSequence": {**_COLLECTION, "latestArtifact": _latest},
    "ArtifactPortfolio": _COLLECTION,
    "ArtifactType": {
        "id": lambda of, *_: node_id("ArtifactType", of.id),
        "createdAt": lambda of, *_: timestamp(of.created_at),
        "project": project_of,
        "artifactCollections": _type_collections,
        "artifactCollection": _type_collection,
        "artifact": _type_artifact,
        "artifactSequence": _type_sequence,
        "artifactSequences": _type_collections,
    },
}
