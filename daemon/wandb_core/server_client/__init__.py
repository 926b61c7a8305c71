"""Talk to a W&B-compatible server: GraphQL, the file stream, and storage uploads.

`ServerClient` makes one attempt per call and says by the class of its error whether
another may help (`TransientError`) or not (`PermanentError`); who retries, and how
long, is decided by the uploader. The only home of aiohttp in core.
"""

from wandb_core.server_client.answers import (
    FileStreamAnswer,
    ResumeStatus,
    UploadUrl,
    UpsertAnswer,
    Viewer,
)
from wandb_core.server_client.client import ServerClient
from wandb_core.server_client.documents import RunFields
from wandb_core.server_client.proxies import Proxies

__all__ = [
    "FileStreamAnswer",
    "Proxies",
    "ResumeStatus",
    "RunFields",
    "ServerClient",
    "UploadUrl",
    "UpsertAnswer",
    "Viewer",
]
