"""One log's way to its server: remembered, in its turn, to a server that runs.

```
 backlog entry ─► slot (old logs only) ─► local server runs ─► LogUploader ─► forgotten
                                                                  waits for earlier logs
                                                                  of the same run
```
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core import owner_mark
from wandb_core.api_keys import ApiKeys
from wandb_core.artifacts import ArtifactOutcome
from wandb_core.backlog import Backlog
from wandb_core.clock import Clock
from wandb_core.errors import CoreError, LocalServerMissing
from wandb_core.local_server import LocalServer
from wandb_core.model import LogProgress, Notifier
from wandb_core.owner_mark import Machine
from wandb_core.run_log import settle_log
from wandb_core.server_client import Proxies, ServerClient
from wandb_core.settings import CoreSettings
from wandb_core.uploader.cursor import Cursor, CursorUnreadable, load_cursor
from wandb_core.uploader.log_uploader import LogUploader
from wandb_core.uploader.status import StartOutcome, UploadEnd, UploadStatus

_log = logging.getLogger(__name__)

LOCAL_SERVER_RETRY_S = 10.0
"""Until the embedded server is started again after it would not start."""

ONLINE_MODES = frozenset({"online", "shared"})


@dataclass(frozen=True, slots=True)
class UploadTools:
    """What all uploads of one core share."""

    settings: CoreSettings
    clock: Clock
    chance: random.Random
    machine: Machine
    api_keys: ApiKeys
    backlog: Backlog
    local_server: LocalServer
    proxies: Proxies
    uploads: list["PendingUpload"] = field(default_factory=list)
    """Those that have not ended, in the order in which their runs began."""
    slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def slot(self, base_url: str) -> asyncio.Semaphore:
        """Bounds how many old logs go to one server at the same time."""
        limit = self.settings.backlog_uploads_max
        return self.slots.setdefault(base_url, asyncio.Semaphore(limit))


class PendingUpload:
    """The upload of one log, from being remembered to being done."""

    def __init__(
        self,
        progress: LogProgress,
        run_id: str,
        target: UploadTarget,
        notifier: Notifier,
        tools: UploadTools,
        *,
        settled: bool,
        started_at: float,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        """Take a place in the order of the run's logs; `run` gives it back.

        settled: nobody writes the log any more; such logs share a few slots.
        started_at: when the run began with this log: logs of one run go in that order.
        """
        self.path = progress.path
        self.run_id = run_id
        self.target = target
        self.started_at = started_at
        self.end: UploadEnd | None = None
        self.began_at = tools.clock.now()
        self._progress = progress
        self._notifier = notifier
        self._tools = tools
        self._settled = settled
        self._problem = ""
        self._missing = False
        self._uploaded_end = 0
        tools.uploads.append(self)
        tools.uploads.sort(key=lambda upload: upload.started_at)
        self._uploader = LogUploader(
            progress,
            target,
            self._key,
            notifier,
            clock=tools.clock,
            random=tools.chance,
            settings=tools.settings,
            connect=self._connect,
            on_stop=on_stop,
            earlier_logs=self._earlier_logs,
        )

    @property
    def status(self) -> UploadStatus:
        """A snapshot; before the run's turn only the problem is known."""
        status = self._uploader.status
        if self.end is not None and not self.end.uploaded:
            return replace(status, problem=self.end.problem, failed=True)
        if self._problem:
            return replace(status, problem=self._problem, failed=self._missing)
        return status

    @property
    def can_progress(self) -> bool:
        """Whether waiting for this upload makes sense."""
        status = self.status
        return self.end is None and not status.failed and not status.waiting_for_key

    @property
    def log_ended(self) -> bool:
        """Whether the log is complete: its upload can end."""
        return self._progress.ended()

    @property
    def local_url(self) -> str:
        """Address of the embedded server if the log goes there and it is known."""
        address = self._tools.local_server.address()
        return address.url if self.target.local_server and address else ""

    async def start_outcome(self, wait_s: float) -> StartOutcome | None:
        """What the server said about the run; None if it has not answered in time."""
        return await self._uploader.start_outcome(wait_s)

    async def artifact_outcome(self, client_id: str, wait_s: float) -> ArtifactOutcome:
        """What became of an artifact; pending if it is not decided within wait_s."""
        return await self._uploader.artifact_outcome(client_id, wait_s)

    async def run(self) -> None:
        """Return when the log is uploaded or never will be.

        Cancelled: the backlog has it, and the cursor says where to go on.
        """
        async with AsyncExitStack() as stack:
            if self._settled:
                await stack.enter_async_context(self._tools.slot(self.target.base_url))
                await asyncio.to_thread(self._settle)
            if self.target.local_server and not await self._start_local_server():
                return
            end = await self._uploader.run()
            while end.uploaded and await self._has_more():
                end = await self._uploader.run()
            self.end = end
        _log.info("upload_end path=%s uploaded=%s", self.path, self.end.uploaded)
        if self.end.error_kind != "authentication":  # a login would mend that
            await asyncio.to_thread(self._forget)
            if self.is_behind:
                await asyncio.to_thread(self._remember)

    @property
    def is_behind(self) -> bool:
        """Whether a forked child went on with the log after its upload had ended."""
        ended = self.end is not None and self.end.uploaded
        return ended and self._uploaded_end < self._progress.committed_end()

    async def _has_more(self) -> bool:
        """Whether the log grew while its last requests were sent."""
        cursor = await asyncio.to_thread(_find_cursor, self.path)
        end = self._progress.committed_end()
        self._uploaded_end = cursor.offset if cursor is not None else end
        return self._uploaded_end < end

    def break_off(self, error: Exception) -> None:
        """Something that nobody foresaw happened: tell it, keep the backlog entry."""
        problem = f"The upload broke off: {error!r}."
        self.end = UploadEnd(uploaded=False, problem=problem)
        self._notifier.notify(
            "error", f"{problem} Your data are in {self.path}; core tries again later."
        )

    def leave_order(self) -> None:
        """Later logs of the run need not wait any more; idempotent."""
        if self in self._tools.uploads:
            self._tools.uploads.remove(self)

    async def _start_local_server(self) -> bool:
        """Try until it runs; False if it is not installed."""
        while True:
            try:
                await asyncio.to_thread(self._tools.local_server.ensure)
            except LocalServerMissing as error:
                self._problem = str(error)
                self._missing = not error.installed
                self._notifier.notify(
                    "error", f"{str(error).rstrip('.')}. Your data are in {self.path}."
                )
                if self._missing:
                    return False
                await self._tools.clock.sleep(LOCAL_SERVER_RETRY_S)
            else:
                self._problem = ""
                return True

    def _earlier_logs(self) -> list[Path]:
        """Logs of the same run that began before this one and are not uploaded."""
        if self.target.mode == "shared" or self not in self._tools.uploads:
            return []
        before = self._tools.uploads[: self._tools.uploads.index(self)]
        return [
            other.path
            for other in before
            if other.run_id == self.run_id
            and other.target.base_url == self.target.base_url
            and other.path != self.path
            and not other.status.failed
        ]

    def _key(self) -> str | None:
        if not self.target.local_server:
            return self._tools.api_keys.find(self.target.base_url)
        address = self._tools.local_server.address()
        return self._tools.api_keys.find(address.url) if address else None

    def _connect(self, target: UploadTarget, key: str) -> ServerClient:
        settings = self._tools.settings
        address = self._tools.local_server.address() if target.local_server else None
        return ServerClient(
            address.url if address else target.base_url,
            key,
            unix_socket=address.socket if address else None,
            request_timeout_s=settings.request_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
            proxies=self._tools.proxies,
        )

    def _remember(self) -> None:
        try:
            self._tools.backlog.add(
                self.path, self.run_id, self.target, self.started_at
            )
        except OSError as error:
            _log.warning("backlog_not_written path=%s reason=%s", self.path, error)

    def _settle(self) -> None:
        """The core that wrote the log may have died before it could."""
        try:
            settle_log(
                self.path, self.run_id, self._tools.machine, self._tools.settings
            )
        except (CoreError, OSError) as error:
            _log.warning("log_not_settled path=%s reason=%s", self.path, error)

    def _forget(self) -> None:
        try:
            self._tools.backlog.remove(self.path)
        except OSError as error:
            _log.warning("backlog_not_written path=%s reason=%s", self.path, error)
        if self._progress.ended():
            owner_mark.release(self.path)


def _find_cursor(path: Path) -> Cursor | None:
    try:
        return load_cursor(path)
    except CursorUnreadable:
        return None
