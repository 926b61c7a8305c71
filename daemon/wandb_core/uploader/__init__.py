"""Tail a log, fold it, upload it, move the cursor: live, after a crash, and in sync.

```
 LogUploader ── key, connect ──► RunStarter ── resume? upsert ──► RunUpload
                                                                    │
   LogFolder ── FoldedChunk ──► ChunkSender ── split_chunks ──► server_client
   RunFiles  ── announced files, files of the end ────────────►
```

Nothing that is not uploaded yet is held in memory but one piece of the log.
"""

from wandb_core.uploader.context import LIVE_FEATURE, Destination
from wandb_core.uploader.cursor import (
    Cursor,
    CursorUnreadable,
    cursor_path,
    load_cursor,
)
from wandb_core.uploader.log_uploader import LogUploader
from wandb_core.uploader.status import StartOutcome, UploadEnd, UploadStatus

__all__ = [
    "LIVE_FEATURE",
    "Cursor",
    "CursorUnreadable",
    "Destination",
    "LogUploader",
    "StartOutcome",
    "UploadEnd",
    "UploadStatus",
    "cursor_path",
    "load_cursor",
]
