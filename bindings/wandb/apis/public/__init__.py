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
    from wandb.apis.public.history_files import (
        DownloadHistoryResult,
        IncompleteRunHistoryError,
    )

__all__ = [
    "Api",
    "ArtifactCollection",
    "ArtifactCollections",
    "ArtifactFiles",
    "ArtifactType",
    "ArtifactTypes",
    "Artifacts",
    "DownloadHistoryResult",
    "File",
    "Files",
    "IncompleteRunHistoryError",
    "Run",
    "RunArtifacts",
    "Runs",
]


_MODULES = {
    "File": "files",
    "Files": "files",
    "DownloadHistoryResult": "history_files",
    "IncompleteRunHistoryError": "history_files",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'wandb.apis.public' has no attribute {name!r}")
    module = _MODULES.get(name, "artifacts")
    return getattr(importlib.import_module(f"wandb.apis.public.{module}"), name)
