"""Find versions at a server, and what belongs to them."""

import json
import re
import urllib.request
from typing import TYPE_CHECKING, Any

from wandb.errors import CommError
from wandb.sdk.artifacts import documents
from wandb.sdk.artifacts.artifact import Artifact
from wandb.sdk.artifacts.artifact_manifest import ArtifactManifest
from wandb.sdk.artifacts.digests import id_of_hex
from wandb.sdk.artifacts.exceptions import NotFound
from wandb.sdk.artifacts.server_facts import (
    ServerFacts,
    read_artifact,
    read_membership,
)

if TYPE_CHECKING:
    from wandb.apis.public.graphql_client import GraphqlClient

DEFAULT_ALIAS = "latest"
MANIFEST_TIMEOUT_S = 60.0
MANIFEST_BYTES_MAX = 1 << 30


def parse_path(
    path: str, entity: str | None, project: str | None
) -> tuple[str, str, str]:
    """Entity, project and `name[:alias]` of `[[entity/]project/]name[:alias]`.

    Raises:
        ValueError: a part is missing or there are too many.
    """
    text = path.removeprefix("wandb-artifact://")
    where, colon, alias = text.rpartition(":")
    if not colon:
        where, alias = text, ""
    if "/" in alias:  # a colon in front of a slash belongs to no alias
        where, alias = text, ""
    parts = where.split("/")
    if len(parts) > 3 or not all(parts):
        raise ValueError(
            f"Invalid artifact path: {path!r}; say [[entity/]project/]name:alias"
        )
    name = parts.pop()
    found_project = parts.pop() if parts else project
    found_entity = parts.pop() if parts else entity
    if not found_project or not found_entity:
        raise ValueError(
            f"The path {path!r} names no project and none is configured; "
            "say entity/project/name:alias"
        )
    return found_entity, found_project, f"{name}:{alias}" if alias else name


def artifact_by_path(
    client: "GraphqlClient", entity: str, project: str, name: str
) -> Artifact:
    """The version that `name:alias` means in a project; without alias the latest.

    Raises:
        CommError: there is none.
    """
    collection, _, alias = name.partition(":")
    wanted = f"{collection}:{alias or DEFAULT_ALIAS}"
    variables = {"entity": entity, "project": project, "name": wanted}
    data = client.ask(documents.MEMBERSHIP_BY_NAME, variables)
    found = (data.get("project") or {}).get("artifactCollectionMembership")
    facts = read_membership(found) if found else None
    if facts is None:
        raise NotFound(
            f"artifact '{wanted}' not found in '{entity}/{project}': is the name "
            "right, and has it been committed?"
        )
    artifact = Artifact._of_server(client, facts)
    artifact._asked_alias = alias
    return artifact


def artifact_facts(client: "GraphqlClient", artifact_id: str) -> ServerFacts:
    """What the server says about a version.

    Raises:
        CommError: there is none with this id.
    """
    found = client.ask(documents.ARTIFACT_BY_ID, {"id": artifact_id}).get("artifact")
    if not found:
        raise NotFound(f"there is no artifact with id {artifact_id}")
    return read_artifact(found)


def artifact_by_id(client: "GraphqlClient", artifact_id: str) -> Artifact:
    """The version with this id; a client's id or the hex form are taken too.

    Raises:
        CommError: there is none.
    """
    if re.fullmatch(r"[0-9a-z]{128}", artifact_id):
        data = client.ask(documents.CLIENT_ID, {"clientID": artifact_id})
        mapped = (data.get("clientIDMapping") or {}).get("serverID")
        if mapped is None:
            raise NotFound(f"there is no artifact with client id {artifact_id}")
        artifact_id = mapped
    return Artifact._of_server(client, artifact_facts(client, artifact_id))


def artifact_of_address(client: "GraphqlClient", address: str) -> tuple[Artifact, str]:
    """The artifact of a `wandb-artifact://` or `wandb-client-artifact://` address, and
    the path in it.

    Raises:
        CommError: there is none.
    """
    scheme, _, rest = address.partition("://")
    found, _, path = rest.partition("/")
    artifact_id = found if scheme == "wandb-client-artifact" else id_of_hex(found)
    return artifact_by_id(client, artifact_id), path


def fetch_manifest(artifact: Artifact) -> ArtifactManifest:
    """The manifest of a version.

    Raises:
        CommError: it cannot be had.
    """
    client = artifact._server()
    data = client.ask(documents.MANIFEST, {"id": artifact.id})
    manifest = (data.get("artifact") or {}).get("currentManifest") or {}
    url = (manifest.get("file") or {}).get("directUrl")
    if not url:
        raise CommError(f"{artifact.name} has no manifest: is it committed?")
    try:
        with urllib.request.urlopen(url, timeout=MANIFEST_TIMEOUT_S) as answer:
            text = answer.read(MANIFEST_BYTES_MAX)
        return ArtifactManifest.from_manifest_json(json.loads(text))
    except (OSError, ValueError, KeyError) as problem:
        raise CommError(
            f"The manifest of {artifact.name} cannot be read: {problem}"
        ) from problem


def links_of(artifact: Artifact) -> list[Artifact]:
    """The version as the collections show it that link it."""
    client = artifact._server()
    data = client.ask(documents.LINKED_ARTIFACTS, {"id": artifact.id})
    listed = (data.get("artifact") or {}).get("artifactMemberships") or {}
    facts = [read_membership(edge["node"]) for edge in listed.get("edges") or ()]
    return [
        Artifact._of_server(client, found)
        for found in facts
        if found is not None and found.collection.path != found.source.path
    ]


def creator_of(artifact: Artifact) -> Any:
    """The run that made it, or None."""
    from wandb.apis.public.runs import Run

    client = artifact._server()
    data = client.ask(documents.CREATED_BY, {"id": artifact.id})
    creator = (data.get("artifact") or {}).get("createdBy") or {}
    if creator.get("__typename") != "Run":
        return None
    return Run.fetch(client, *_place(creator))


def users_of(artifact: Artifact) -> list[Any]:
    """The runs that used it."""
    from wandb.apis.public.runs import Run

    client = artifact._server()
    data = client.ask(documents.USED_BY, {"id": artifact.id})
    used = (data.get("artifact") or {}).get("usedBy") or {}
    places = [_place(edge["node"]) for edge in used.get("edges") or ()]
    return [Run.fetch(client, *place) for place in places]


def _place(run: dict[str, Any]) -> tuple[str, str, str]:
    project = run["project"]
    return project["entity"]["name"], project["name"], run["name"]
