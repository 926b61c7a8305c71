"""What every part of one upload needs to know."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from wandb_proto.v1.record_pb2 import RunRecord, UploadTarget

from wandb_core.clock import Clock
from wandb_core.model import LogProgress, Notifier
from wandb_core.settings import CoreSettings
from wandb_core.uploader.log_folder import LogIdentity
from wandb_core.uploader.retries import Retries

SHARED_HEADER = "X-Wandb-Use-Async-Filestream"
LIVE_FEATURE = "WANDB_LIVE_UPLOAD"
"""A server that announces it wants data at once, and the log's id with each request."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Overrides what the log says about where it belongs; "" leaves it."""

    entity: str = ""
    project: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class UploadContext:
    """Fixed once the log's first records are known."""

    progress: LogProgress
    target: UploadTarget
    notifier: Notifier
    clock: Clock
    settings: CoreSettings
    retries: Retries
    identity: LogIdentity
    destination: Destination

    @property
    def path(self) -> Path:
        return self.progress.path

    @property
    def run(self) -> RunRecord:
        """As the log begins; later records may change it."""
        return self.identity.run

    @property
    def run_id(self) -> str:
        return self.destination.run_id or self.run.run_id

    @property
    def entity(self) -> str:
        return self.destination.entity or self.run.entity

    @property
    def project(self) -> str:
        return self.destination.project or self.run.project

    @property
    def destination_text(self) -> str:
        """Names the place; a cursor belongs to one. The embedded server may move to
        another port and is the same place.
        """
        server = "local" if self.target.local_server else self.target.base_url
        parts = (server, self.entity, self.project, self.run_id)
        return " ".join(part or "-" for part in parts)

    @property
    def is_shared(self) -> bool:
        """Whether the run has several writers, each with a log of its own."""
        return self.target.mode == "shared"

    @property
    def writer_headers(self) -> dict[str, str]:
        """Of upserts: which of several writers this is, and that a secondary one does
        not set an ended run to running (that header is ours).
        """
        headers = {}
        if self.is_shared:
            headers[SHARED_HEADER] = "true"
            headers["X-Wandb-Client-Id"] = self.client_id
        if self.target.leaves_run_open:
            headers["X-Wandb-Leaves-Run-Open"] = "true"
        return headers

    @property
    def line_headers(self) -> dict[str, str]:
        """Of lines: the server keeps those of each writer apart."""
        if not self.is_shared:
            return {}
        return {SHARED_HEADER: "true", "X-Wandb-Async-Client-Id": self.client_id}

    @property
    def client_id(self) -> str:
        """Names the writer to a server; the same in both kinds of requests."""
        return str(uuid.UUID(self.identity.log_id))

    @property
    def resume(self) -> str:
        """allow | must | never | "": do not ask the server what it has."""
        return self.target.resume or ("allow" if self.run.resume else "")
