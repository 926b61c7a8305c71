"""Mutations that make a version, in the order in which clients send them."""

from collections.abc import Mapping
from typing import Any

from wandb_server.errors import QueryError
from wandb_server.graphql.question import Arguments, Question, Resolver, node_id
from wandb_server.graphql.resolvers.artifacts_changes import Given, place_of, tags_of
from wandb_server.graphql.resolvers.artifacts_ids import (
    number_of,
    required,
)
from wandb_server.graphql.resolvers.changes import payload
from wandb_server.model.artifacts import (
    NewManifest,
    NewVersion,
    Version,
    WantedFile,
)
from wandb_server.operations.artifact_uploads import md5_hex_of


async def _create(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    names = given.get("artifactCollectionNames") or ()
    collection = given.get("artifactCollectionName") or next(iter(names), None)
    if not collection:
        raise QueryError("artifactCollectionName", "is missing")
    aliases = given.get("aliases") or ()
    new = NewVersion(
        place=place_of(question, given),
        type_name=given["artifactTypeName"],
        collection=collection,
        digest=given["digest"],
        run_name=given.get("runName") or None,
        digest_algorithm=given.get("digestAlgorithm"),
        description=given.get("description"),
        metadata_json=given.get("metadata"),
        aliases=tuple((a["artifactCollectionName"], a["alias"]) for a in aliases),
        tags=tags_of(given.get("tags")),
        ttl_s=given.get("ttlDurationSeconds"),
        history_step=given.get("historyStep"),
        deduplicate=bool(given.get("enableDigestDeduplication")),
        distributed_id=given.get("distributedID") or None,
        client_id=given.get("clientID") or None,
        sequence_client_id=given.get("sequenceClientID") or None,
    )
    version = await question.archive.artifacts.create_version(new)
    return payload(given, artifact=version)


async def _create_manifest(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    new = NewManifest(
        artifact_id=required("Artifact", given["artifactID"]),
        kind=given.get("type") or "FULL",
        name=given["name"],
        digest=given["digest"],
        base_artifact_id=number_of("Artifact", given.get("baseArtifactID")),
    )
    manifest = await question.archive.artifacts.announce_manifest(new)
    return payload(given, artifactManifest=manifest)


async def _update_manifest(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    manifest = await question.archive.artifacts.change_manifest(
        required("ArtifactManifest", given["artifactManifestID"]),
        given.get("digest"),
        number_of("Artifact", given.get("baseArtifactID")),
    )
    return payload(given, artifactManifest=manifest)


async def _create_files(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    wanted = [_wanted(file) for file in given["artifactFiles"]]
    by_version: dict[int, list[int]] = {}
    for place, file in enumerate(given["artifactFiles"]):
        number = required("Artifact", file["artifactID"])
        by_version.setdefault(number, []).append(place)
    nodes: dict[int, dict[str, Any]] = {}
    for number, places in by_version.items():
        version = await question.archive.artifacts.writable(number)
        known = await question.archive.artifacts.want_files(
            number, [wanted[place] for place in places]
        )
        for place, is_known in zip(places, known, strict=True):
            nodes[place] = _upload(question, version, wanted[place], is_known)
    edges = [{"node": nodes[place], "cursor": str(place)} for place in sorted(nodes)]
    return payload(given, files={"edges": edges})


def _wanted(file: Given) -> WantedFile:
    parts = file.get("uploadPartsInput")
    return WantedFile(
        name=file["name"],
        md5_base64=file["md5"],
        parts={int(p["partNumber"]): p["hexMD5"] for p in parts} if parts else None,
    )


def _upload(
    question: Question, version: Version, file: WantedFile, is_known: bool
) -> dict[str, Any]:
    md5 = md5_hex_of(file.md5_base64)
    sign, place = question.addresses.signed, f"/artifact-data/parts/{version.id}/{md5}"
    url, parts = None, None
    if file.parts and not is_known:
        urls = [
            {
                "partNumber": part,
                "uploadUrl": sign("PUT", f"{place}/{part}/{part_md5}"),
            }
            for part, part_md5 in sorted(file.parts.items())
        ]
        parts = {"uploadID": md5, "uploadUrlParts": urls}
    if not is_known:
        url = sign("PUT", f"/artifact-data/uploads/{version.id}/{md5}")
    return {
        "id": node_id("ArtifactFile", version.id, file.name),
        "name": file.name,
        "displayName": file.name,
        "storagePath": f"artifacts/{version.id}/{md5}",
        "uploadUrl": url,
        "uploadHeaders": [],
        "uploadMultipartUrls": parts,
        "artifact": version,
    }


async def _complete_parts(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    number = required("Artifact", given["artifactID"])
    await question.archive.artifacts.writable(number)
    artifacts = question.archive.artifacts.found
    if given["completeMultipartAction"] == "Abort":
        await artifacts.drop_parts(number, given["uploadID"])
        return payload(given, digest=None)
    parts = {int(p["partNumber"]): p["hexMD5"] for p in given["completedParts"]}
    digest = await artifacts.complete_parts(number, given["uploadID"], parts)
    return payload(given, digest=digest)


async def _commit(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    given = arguments["input"]
    number = required("Artifact", given["artifactID"])
    version = await question.archive.artifacts.commit_version(number)
    return payload(given, artifact=version, success=True)


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Mutation": {
        "createArtifact": _create,
        "createArtifactManifest": _create_manifest,
        "updateArtifactManifest": _update_manifest,
        "createArtifactFiles": _create_files,
        "completeMultipartUploadArtifact": _complete_parts,
        "commitArtifact": _commit,
    }
}
