"""Media objects and tables in an artifact."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact


def read_value(artifact: "Artifact", name: str) -> Any:
    """The object whose JSON the artifact holds under `name`; None without one.

    name: of the entry, or as it was given to `artifact.add`.
    """
    from wandb.sdk.data_types.base_types.wb_value import WBValue

    path = _find(artifact, name)
    if path is None:
        return None
    entry = artifact.get_entry(path)
    if entry.ref and entry.ref.startswith("wandb-artifact://"):
        from wandb.sdk.artifacts.references import split_artifact_address

        source_id, inner = split_artifact_address(entry.ref)
        from wandb.sdk.artifacts.look_up import artifact_by_id

        return read_value(artifact_by_id(artifact._server(), source_id), inner)
    content = json.loads(Path(entry.download()).read_text(encoding="utf-8"))
    return WBValue.init_from_json(content, artifact)


def _find(artifact: "Artifact", name: str) -> str | None:
    entries = artifact.manifest.entries
    if name in entries:
        return name if name.endswith(".json") else None
    matching = [
        path
        for path in entries
        if path.startswith(f"{name}.") and path.endswith(".json")
    ]
    exact = [path for path in matching if "/" not in path[len(name) + 1 :]]
    return min(exact, key=len) if exact else None
