"""Note at the server which run made or used a version, from outside of the run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wandb_proto import json_codec

from wandb.errors import CommError
from wandb.sdk.artifacts import documents
from wandb.sdk.artifacts.look_up import artifact_facts
from wandb.sdk.artifacts.validators import checked_aliases, checked_tags

if TYPE_CHECKING:
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.artifacts.artifact import Artifact


def use_in_run(
    client: "GraphqlClient", place: Mapping[str, str], artifact: "Artifact"
) -> "Artifact":
    """The run of `place` used the version; the version."""
    fields = {
        "artifactID": _required_id(artifact),
        "entityName": place["entity"],
        "projectName": place["project"],
        "runName": place["name"],
    }
    client.ask(documents.USE_ARTIFACT, {"input": fields})
    return artifact


def log_in_run(
    client: "GraphqlClient",
    place: Mapping[str, str],
    artifact: "Artifact",
    aliases: Sequence[str] | None,
    tags: Sequence[str] | None,
) -> "Artifact":
    """The run of `place` made the version, too; the version as it is then.

    Raises:
        ValueError: it is not at a server.
        CommError: the run's project has no such content, or the server refuses.
    """
    _required_id(artifact)
    source = artifact._require_facts("log").source
    name = source.name
    fields = {
        "entityName": place["entity"],
        "projectName": place["project"],
        "runName": place["name"],
        "artifactTypeName": artifact.type,
        "artifactCollectionName": name,
        "digest": artifact.digest,
        "digestAlgorithm": artifact.digest_algorithm,
        "description": artifact.description,
        "metadata": json_codec.dumps(artifact.metadata).decode(),
        "aliases": [
            {"artifactCollectionName": name, "alias": alias}
            for alias in checked_aliases(list(aliases or ()))
        ],
        "enableDigestDeduplication": True,
    }
    if wanted := checked_tags(list(tags or ())):
        fields["tags"] = [{"tagName": tag} for tag in wanted]
    data = client.ask(documents.CREATE_ARTIFACT, {"input": fields})
    created = (data.get("result") or {}).get("artifact") or {}
    if created.get("state") != "COMMITTED":
        raise CommError(
            f"{artifact.qualified_name} has no version with this content in "
            f"{place['entity']}/{place['project']}: log its files in a run there"
        )
    artifact._learn(client, artifact_facts(client, created["id"]))
    return artifact


def _required_id(artifact: "Artifact") -> str:
    if artifact.id is None:
        raise ValueError(
            "Only existing artifacts are accepted by this api. Manually create one "
            "with `wandb artifact put`, or log it in a run"
        )
    return artifact.id
