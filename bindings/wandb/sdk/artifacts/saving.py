"""Store what was changed in a version, or log a draft."""

from typing import TYPE_CHECKING, Any

from wandb_proto import json_codec

from wandb.sdk.artifacts import documents

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact
    from wandb.sdk.wandb_settings import Settings


def store_changes(artifact: "Artifact") -> None:
    """Send aliases, tags, description, metadata and lifetime to the server.

    Raises:
        CommError: it refuses.
    """
    facts = artifact._require_facts("save")
    client = artifact._server()
    added = [a for a in artifact.aliases if a not in artifact._saved_aliases]
    gone = [a for a in artifact._saved_aliases if a not in artifact.aliases]
    for names, document in (
        (added, documents.ADD_ALIASES),
        (gone, documents.DELETE_ALIASES),
    ):
        if names:
            fields = {"artifactID": facts.id, "aliases": _aliases(artifact, names)}
            client.ask(document, {"input": fields})
    if not artifact.is_link:
        client.ask(documents.UPDATE_ARTIFACT, {"input": _fields(artifact)})
    artifact._saved_aliases = tuple(artifact.aliases)
    artifact._saved_tags = tuple(artifact.tags)
    artifact._ttl_changed = False


def log_in_any_run(
    artifact: "Artifact", project: str | None, settings: "Settings | None"
) -> None:
    """Log a draft in the current run, or in one that is made for it."""
    import wandb

    if wandb.run is not None:
        wandb.run.log_artifact(artifact)
        return
    with wandb.init(
        project=project or wandb.setup().settings.project,
        job_type="auto",
        settings=settings,
    ) as run:
        run.log_artifact(artifact)
        if not run.offline and not run.disabled:
            artifact.wait()


def _aliases(artifact: "Artifact", names: list[str]) -> list[dict[str, Any]]:
    place = artifact._require_facts("save").collection
    return [
        {
            "artifactCollectionName": place.name,
            "alias": name,
            "entityName": place.entity,
            "projectName": place.project,
        }
        for name in names
    ]


def _fields(artifact: "Artifact") -> dict[str, Any]:
    new = [tag for tag in artifact.tags if tag not in artifact._saved_tags]
    old = [tag for tag in artifact._saved_tags if tag not in artifact.tags]
    fields: dict[str, Any] = {
        "artifactID": artifact.id,
        "description": artifact.description,
        "metadata": json_codec.dumps(artifact.metadata).decode(),
    }
    if artifact._ttl_changed:
        fields["ttlDurationSeconds"] = artifact._ttl_s
    if new:
        fields["tagsToAdd"] = [{"tagName": tag} for tag in new]
    if old:
        fields["tagsToDelete"] = [{"tagName": tag} for tag in old]
    return fields
