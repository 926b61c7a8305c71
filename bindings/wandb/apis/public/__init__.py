"""The public API: runs, their config, summary and history, read from a server.

    api = wandb.Api()
    run = api.run("entity/project/run_id")
    for row in run.scan_history(keys=["loss"]):
        ...

The same calls as the official client, in a minimal form. Nothing here touches core:
questions go straight to the server over HTTP.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wandb.apis.public.api import Api
from wandb.apis.public.runs import Run, Runs

if TYPE_CHECKING:
    from wandb.apis.public.artifacts import (
        ArtifactCollection,
        ArtifactCollections,
        ArtifactFiles,
        Artifacts,
        ArtifactType,
        ArtifactTypes,
        RunArtifacts,
    )
    from wandb.apis.public.files import File, Files

__all__ = [
    "Api",
    "ArtifactCollection",
    "ArtifactCollections",
    "ArtifactFiles",
    "ArtifactType",
    "ArtifactTypes",
    "Artifacts",
    "File",
    "Files",
    "Run",
    "RunArtifacts",
    "Runs",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'wandb.apis.public' has no attribute {name!r}")
    module = "files" if name in ("File", "Files") else "artifacts"
    return getattr(importlib.import_module(f"wandb.apis.public.{module}"), name)
