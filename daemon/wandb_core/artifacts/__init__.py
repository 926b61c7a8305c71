"""Bring the artifacts that a log names to the server, in the order of the log.

```
 log ─► RunArtifacts (queue, one after another) ─► ArtifactUpload ─► server
            │ ▲                                        │ FileUploads: batches,
            ▼ │                                        ▼ parallel, in parts
        run-<id>.wandb.artifacts                   staged files, removed at the end
```

- The state file says which records are done: after a crash the others begin again,
  and the server names no place for content that it has, so nothing is sent twice.
- Versions of a collection are numbered in the order of their commits: therefore one
  artifact after another; the files of one go in parallel.
"""

from wandb_core.artifacts.artifact_upload import ArtifactTools
from wandb_core.artifacts.run_artifacts import (
    AnnouncedArtifact,
    ArtifactOutcome,
    RunArtifacts,
    has_failures,
    known_outcome,
)

__all__ = [
    "AnnouncedArtifact",
    "ArtifactOutcome",
    "ArtifactTools",
    "RunArtifacts",
    "has_failures",
    "known_outcome",
]
