"""Collections that list a version: link, unlink, delete."""

from typing import TYPE_CHECKING, Any

from wandb.errors import CommError
from wandb.sdk.artifacts import documents
from wandb.sdk.artifacts.look_up import artifact_by_path

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact


def parse_target(
    path: str, entity: str | None, project: str | None
) -> tuple[str, str, str]:
    """Entity, project and collection of `[[entity/]project/]collection`.

    Raises:
        ValueError: a part is missing or there are too many.
    """
    parts = path.split("/")
    if ":" in path or len(parts) > 3 or not all(parts):
        raise ValueError(
            f"{path!r} is no collection to link to: say [entity/]project/collection"
        )
    name = parts.pop()
    return (
        (parts[0] if len(parts) == 2 else entity) or "",
        (parts[-1] if parts else project) or "",
        name,
    )


def link(artifact: "Artifact", target_path: str, aliases: list[str]) -> "Artifact":
    """List the version in a collection, which is made if need be; the link."""
    facts = artifact._require_facts("link")
    place = facts.source
    entity, project, name = parse_target(target_path, place.entity, place.project)
    variables: dict[str, Any] = {
        "artifactID": artifact.id,
        "artifactPortfolioName": name,
        "entityName": entity,
        "projectName": project,
        "aliases": [{"alias": a, "artifactCollectionName": name} for a in aliases],
    }
    client = artifact._server()
    data = client.ask(documents.LINK_ARTIFACT, {"input": variables})
    index = (data.get("result") or {}).get("versionIndex")
    if index is None:
        raise CommError(f"{artifact.name} was not linked to {target_path}")
    return artifact_by_path(client, entity, project, f"{name}:v{index}")


def unlink(artifact: "Artifact") -> None:
    """Take the version out of the collection through which it was asked for."""
    facts = artifact._require_facts("unlink")
    if not artifact.is_link:
        raise ValueError(
            f"{artifact.qualified_name} is not a link: delete() deletes the version"
        )
    fields = {"artifactID": facts.id, "artifactPortfolioID": facts.collection.id}
    artifact._server().ask(documents.UNLINK_ARTIFACT, {"input": fields})


def delete(artifact: "Artifact", delete_aliases: bool) -> None:
    """Delete the version, or only the link."""
    if artifact.is_link:
        unlink(artifact)
        return
    fields = {"artifactID": artifact.id, "deleteAliases": delete_aliases}
    artifact._server().ask(documents.DELETE_ARTIFACT, {"input": fields})
