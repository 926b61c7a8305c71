"""What every part of one upload needs to know."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
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


CONSOLE = "output.log"


@dataclass(frozen=True, slots=True)
class Destination:
    """Overrides what the log says about where it belongs; "" leaves it."""

    entity: str = ""
    project: str = ""
    run_id: str = ""
    job_type: str = ""
    new_tags: tuple[tuple[str, str], ...] = ()
    """(old, new): tags that get another name."""
    leaves_console: bool = False
    """The console lines of the log are not sent."""
    include_globs: tuple[str, ...] = ()
    """Of the run's files only those are sent that match one of these; (): all."""
    exclude_globs: tuple[str, ...] = ()

    def takes_file(self, name: str) -> bool:
        """Whether a file of the run is to be sent; `*` matches `/` too."""
        if self.leaves_console and name == CONSOLE:
            return False
        included = not self.include_globs or any(
            fnmatchcase(name, glob) for glob in self.include_globs
        )
        return included and not any(fnmatchcase(name, g) for g in self.exclude_globs)


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
    def job_type(self) -> str:
        """Instead of the log's own; "": leave it."""
        return self.destination.job_type

    def tags(self, tags: Iterable[str]) -> tuple[str, ...]:
        """The tags under the names that they are to have, each once."""
        names = dict(self.destination.new_tags)
        return tuple(dict.fromkeys(names.get(tag, tag) for tag in tags))

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
