"""Mutations of artifacts."""

from collections.abc import Mapping, Sequence
from typing import Any

from wandb_server.errors import NotFound
from wandb_server.graphql.question import Arguments, Question, Resolver, node_id
from wandb_server.graphql.resolvers.artifacts_ids import (
    number_of,
    required,
)
from wandb_server.graphql.resolvers.changes import PROJECT_DEFAULT, payload
from wandb_server.model.artifacts import (
    ProjectPlace,
    Version,
    VersionEdit,
)
from wandb_server.model.runs import Run
from wandb_server.operations.artifact_changes import AliasPlace

Given = Mapping[str, Any]


async def _use(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    run = await _run_of(question, given)
    number = required("Artifact", given["artifactID"])
    version = await question.archive.artifacts.use_version(
        number, run, given.get("usedAs")
    )
    return payload(given, artifact=version, success=True)


async def _run_of(question: Question, given: Given) -> Run:
    place = place_of(question, given)
    run = await question.archive.run(place.entity, place.project, given["runName"])
    if run is None:
        raise NotFound("run", f"{place.entity}/{place.project}/{given['runName']}")
    return run


# ---- versions ------------------------------------------------------------------------


async def _update(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    number = required("Artifact", given["artifactID"])
    edit = VersionEdit(
        description=given.get("description"),
        metadata_json=given.get("metadata"),
        ttl_s=given.get("ttlDurationSeconds"),
        tags_added=tags_of(given.get("tagsToAdd")),
        tags_removed=tags_of(given.get("tagsToDelete")),
    )
    version = await question.archive.artifacts.edit_version(number, edit)
    if given.get("aliases") is not None:
        version = await _replace_aliases(question, version, given["aliases"])
    return payload(given, artifact=version, success=True)


async def _replace_aliases(
    question: Question, version: Version, aliases: Sequence[Given]
) -> Version:
    """Older clients send all aliases that the version shall have."""
    artifacts, wanted = question.archive.artifacts, _alias_places(aliases)
    named = {(place.collection, place.alias) for place in wanted}
    gone = [
        AliasPlace(alias.collection.name, alias.alias, alias.collection.place)
        for alias in version.aliases
        if (alias.collection.name, alias.alias) not in named
    ]
    await artifacts.delete_aliases(version.id, gone)
    await artifacts.add_aliases(version.id, wanted)
    return await artifacts.writable(version.id)


async def _delete(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    number = required("Artifact", given["artifactID"])
    freed = await question.archive.artifacts.delete_version(
        number, with_aliases=bool(given.get("deleteAliases"))
    )
    version = await question.archive.artifacts.version(number)
    return payload(given, artifact=version, success=True, bytesFreed=freed)


async def _add_aliases(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    number = required("Artifact", given["artifactID"])
    await question.archive.artifacts.add_aliases(
        number, _alias_places(given["aliases"])
    )
    return payload(given, success=True)


async def _delete_aliases(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    number = required("Artifact", given["artifactID"])
    await question.archive.artifacts.delete_aliases(
        number, _alias_places(given["aliases"])
    )
    return payload(given, success=True)


def _alias_places(aliases: Sequence[Given]) -> list[AliasPlace]:
    return [
        AliasPlace(
            alias["artifactCollectionName"],
            alias["alias"],
            ProjectPlace(alias["entityName"], alias["projectName"])
            if alias.get("entityName") and alias.get("projectName")
            else None,
        )
        for alias in aliases
    ]


# ---- links and collections -----------------------------------------------------------


async def _link(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    artifacts = question.archive.artifacts
    number = number_of("Artifact", given.get("artifactID"))
    if number is None and given.get("clientID"):
        version, _collection = await artifacts.of_client_id(given["clientID"])
        number = None if version is None else version.id
    if number is None:
        raise NotFound("artifact", str(given.get("artifactID") or given["clientID"]))
    place, name = place_of(question, given), given.get("artifactPortfolioName")
    if given.get("artifactPortfolioID"):
        known = await artifacts.writable_collection(
            required("ArtifactCollection", given["artifactPortfolioID"])
        )
        place, name = known.place, known.name
    aliases = [alias["alias"] for alias in given.get("aliases") or ()]
    member = await artifacts.link(number, place, name or "", aliases)
    return payload(given, versionIndex=member.version_index, artifactMembership=member)


async def _unlink(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    done = await question.archive.artifacts.unlink(
        required("Artifact", given["artifactID"]),
        required("ArtifactCollection", given["artifactPortfolioID"]),
    )
    return payload(given, artifactID=given["artifactID"], success=done)


async def _create_portfolio(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given, artifacts = arguments["input"], question.archive.artifacts
    place, type_name = place_of(question, given), given.get("artifactTypeName")
    number = number_of("ArtifactType", given.get("artifactTypeID"))
    if number is not None:
        types = await artifacts.types(place)
        type_name = next((one.name for one in types if one.id == number), type_name)
    if not type_name:
        raise NotFound("artifact type", str(given.get("artifactTypeID")))
    made = await artifacts.create_portfolio(
        place, given["name"], type_name, given.get("description")
    )
    return payload(given, artifactCollection=made, artifactPortfolio=made)


def _editor(field: str) -> Resolver:
    async def edit(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
        given, artifacts = arguments["input"], question.archive.artifacts
        known = await artifacts.writable_collection(
            required("ArtifactCollection", given[field])
        )
        changed = await artifacts.found.edit_collection(
            known.id, given.get("name"), given.get("description")
        )
        return payload(given, artifactCollection=changed)

    return edit


def _remover(field: str) -> Resolver:
    async def remove(
        _: Any, question: Question, arguments: Arguments
    ) -> dict[str, Any]:
        given, artifacts = arguments["input"], question.archive.artifacts
        known = await artifacts.writable_collection(
            required("ArtifactCollection", given[field])
        )
        freed = await artifacts.found.delete_collection(known.id)
        return payload(given, artifactCollection=known, success=True, bytesFreed=freed)

    return remove


async def _move_sequence(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given, artifacts = arguments["input"], question.archive.artifacts
    known = await artifacts.writable_collection(
        required("ArtifactCollection", given["artifactSequenceID"])
    )
    moved = await artifacts.found.move_collection(
        known.id,
        given.get("destinationArtifactTypeName") or given.get("artifactTypeName") or "",
    )
    return payload(given, artifactCollection=moved, artifactSequence=moved)


async def _tag_collection(
    question: Question, given: Given, *, added: bool
) -> tuple[str, ...]:
    artifacts = question.archive.artifacts
    place, name = place_of(question, given), given["artifactCollectionName"]
    found = await artifacts.collection_named(place, name)
    known = await artifacts.writable_collection(None if found is None else found.id)
    tags = tags_of(given["tags"])
    changed = await artifacts.found.tag_collection(
        known.id, tags if added else (), () if added else tags
    )
    return changed.tags


async def _add_tags(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    tags = await _tag_collection(question, given, added=True)
    nodes = [{"id": node_id("Tag", tag), "name": tag} for tag in tags]
    return payload(given, tags=nodes)


async def _delete_tags(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    await _tag_collection(question, given, added=False)
    return payload(given, success=True)


def place_of(question: Question, given: Given) -> ProjectPlace:
    """The project that an input names; the asker's entity by default."""
    entity = question.archive.entity(given.get("entityName"))
    return ProjectPlace(entity, given.get("projectName") or PROJECT_DEFAULT)


def tags_of(given: Sequence[Given] | None) -> tuple[str, ...]:
    """The names of tags in an input."""
    return tuple(tag["tagName"] for tag in given or ())


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Mutation": {
        "useArtifact": _use,
        "updateArtifact": _update,
        "deleteArtifact": _delete,
        "addAliases": _add_aliases,
        "deleteAliases": _delete_aliases,
        "linkArtifact": _link,
        "unlinkArtifact": _unlink,
        "createArtifactPortfolio": _create_portfolio,
        "updateArtifactSequence": _editor("artifactSequenceID"),
        "updateArtifactPortfolio": _editor("artifactPortfolioID"),
        "deleteArtifactSequence": _remover("artifactSequenceID"),
        "deleteArtifactPortfolio": _remover("artifactPortfolioID"),
        "moveArtifactSequence": _move_sequence,
        "updateArtifactSequenceType": _move_sequence,
        "createArtifactCollectionTagAssignments": _add_tags,
        "deleteArtifactCollectionTagAssignments": _delete_tags,
    }
}
