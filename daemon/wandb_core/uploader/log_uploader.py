"""Upload one log: live, after any crash, and in `wandb sync` alike.

```
 first records ► key ► connect ► features ► cursor or resume decision ► upsert
      ► skip what is acknowledged ► chunk, chunk, … (tail) ► log ended
      ► run files ► last upsert ► last post (complete) ► cursor done
```

A log without an exit record whose writer is gone ends like this: W&B servers get exit
code 1 (they know no other way to hear of a crash), ours is told `"state": "crashed"`
beside it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core.artifacts import ArtifactOutcome, has_failures, known_outcome
from wandb_core.clock import Clock
from wandb_core.errors import NotAuthorized, PermanentError
from wandb_core.model import LogProgress, Notifier
from wandb_core.server_client import ServerClient
from wandb_core.settings import CoreSettings
from wandb_core.uploader.context import Destination, UploadContext
from wandb_core.uploader.cursor import CursorUnreadable
from wandb_core.uploader.log_folder import LogIdentity, identify
from wandb_core.uploader.resume import ResumeRefused
from wandb_core.uploader.retries import Retries
from wandb_core.uploader.run_upload import WAIT_S_MAX, RunUpload
from wandb_core.uploader.start import RunStarter, find_cursor
from wandb_core.uploader.status import StartOutcome, UploadEnd, UploadStatus

_log = logging.getLogger(__name__)

KEY_POLL_S = 2.0
ARTIFACT_POLL_S = 0.5
LOCAL_RETRY_S_MAX = 5.0
FORBIDDEN = 403
"""The key is fine, but what it was used for is not: another key rarely helps."""
"""The embedded server comes back sooner than one far away."""


class LogUploader:
    """Follows one log until everything in it is at the server."""

    def __init__(
        self,
        progress: LogProgress,
        target: UploadTarget,
        credentials: Callable[[], str | None],
        notifier: Notifier,
        clock: Clock,
        random: Random,
        settings: CoreSettings,
        connect: Callable[[UploadTarget, str], ServerClient],
        *,
        on_stop: Callable[[], None] | None = None,
        earlier_logs: Callable[[], Sequence[Path]] = tuple,
        destination: Destination | None = None,
    ) -> None:
        """
        Args:
            credentials: the API key, looked up anew; None: nobody knows it now.
            on_stop: called once when the server asks the run to stop.
            earlier_logs: logs of the same run that are still to be uploaded before
                this one; it waits until there are none.
            destination: of `wandb sync`: overrides what the log says.
        """
        self._progress = progress
        self._target = target
        self._credentials = credentials
        self._notifier = notifier
        self._clock = clock
        self._settings = settings
        self._connect = connect
        self._on_stop = on_stop
        self._earlier_logs = earlier_logs
        self._destination = destination or Destination()
        self._outcome: StartOutcome | None = None
        self._outcome_known = asyncio.Event()
        self._upload: RunUpload | None = None
        self._end: UploadEnd | None = None
        self._waiting_for_key = False
        self._waiting_for = ""
        self._starter: RunStarter | None = None
        most_s = settings.retry_delay_s_max
        self._retries = Retries(
            clock,
            random,
            notifier,
            first_s=settings.retry_delay_s_min,
            most_s=min(most_s, LOCAL_RETRY_S_MAX) if target.local_server else most_s,
            kept_in=str(progress.path),
        )

    @property
    def status(self) -> UploadStatus:
        """Where the upload stands now."""
        upload, end = self._upload, self._end
        server_run = self._outcome.server_run if self._outcome else None
        waiting_for = self._starter.waiting_for if self._starter else self._waiting_for
        problem = end.problem if end else self._retries.problem or waiting_for
        sender = upload.sender if upload else None
        offset = sender.cursor.offset if sender else 0
        return UploadStatus(
            rows_total=upload.rows_total if upload else 0,
            rows_uploaded=sender.rows_uploaded if sender else 0,
            bytes_left=max(0, self._progress.committed_end() - offset)
            + (upload.artifacts.bytes_left if upload else 0),
            artifacts_left=upload.artifacts.count_left if upload else 0,
            files=upload.files_sent if upload else (0, 0),
            last_progress_at=sender.last_progress_at if sender else 0.0,
            problem=problem,
            failed=end is not None and not end.uploaded,
            done=end is not None and end.uploaded,
            run_url=self._outcome.run_url if self._outcome else "",
            server_run=server_run,
            waiting_for_key=self._waiting_for_key,
            stop_requested=sender is not None and sender.stop_requested,
        )

    async def start_outcome(self, wait_s: float) -> StartOutcome | None:
        """What the server said about the run; None if it has not within wait_s."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._outcome_known.wait()
        return self._outcome

    async def artifact_outcome(self, client_id: str, wait_s: float) -> ArtifactOutcome:
        """What became of an artifact; pending if it is not decided within wait_s."""
        if self._upload is not None:
            self._upload.hurry()
            return await self._upload.artifacts.outcome(client_id, wait_s)
        known = await asyncio.to_thread(known_outcome, self._progress.path, client_id)
        if known is None or known.state == "pending":
            await self._clock.sleep(min(wait_s, ARTIFACT_POLL_S))
        return known or ArtifactOutcome("pending")

    async def run(self) -> UploadEnd:
        """Return when all of the ended log is acknowledged, or it failed for good.

        Cancelled: the cursor is valid, another uploader goes on from there.
        """
        try:
            self._end = await self._run()
        except (PermanentError, OSError) as error:
            self._end = self._failed(error)
        return self._end

    async def _run(self) -> UploadEnd:
        identity = await self._first_records()
        if identity is None:
            return UploadEnd(uploaded=True, problem="the log holds no run")
        context = UploadContext(
            self._progress,
            self._target,
            self._notifier,
            self._clock,
            self._settings,
            self._retries,
            identity,
            self._destination,
        )
        if await asyncio.to_thread(self._is_done, context):
            return UploadEnd(uploaded=True)
        key = await self._wait_for_key()
        async with self._connect(self._target, key) as client:
            starter = RunStarter(context, client, self._earlier_logs, self._publish)
            self._starter = starter
            started = await starter.start()
            self._upload = RunUpload(context, client, started, self._on_stop)
            await self._upload.run()
        return UploadEnd(
            uploaded=True,
            run_url=started.outcome.run_url,
            rows_uploaded=self._upload.sender.rows_uploaded,
            missing_files=self._upload.missing_files,
        )

    async def _first_records(self) -> LogIdentity | None:
        """Who the log is about; None if it ended without saying."""
        while True:
            ended, end = self._progress.ended(), self._progress.committed_end()
            found = await asyncio.to_thread(_identify, self._progress.path, end)
            if found is not None or ended:
                return found
            await self._progress.changed(end, WAIT_S_MAX)

    async def _wait_for_key(self) -> str:
        while (key := self._credentials()) is None:
            if not self._waiting_for_key:
                self._waiting_for_key = True
                url, act = self._target.base_url, "run: wandb login"
                if self._target.local_server:  # at its start it writes a missing key
                    act = "run: wandb server stop; wandb server start"
                self._waiting_for = f"no API key for {url}; {act}"
                self._notifier.notify(
                    "warning",
                    f"No API key for {url} is known here: the data wait in "
                    f"{self._progress.path}, and the upload begins by itself after you "
                    f"{act}",
                )
            await self._clock.sleep(KEY_POLL_S)
        self._waiting_for_key = False
        self._waiting_for = ""
        return key

    def _publish(self, outcome: StartOutcome) -> None:
        self._outcome = outcome
        self._outcome_known.set()

    def _is_done(self, context: UploadContext) -> bool:
        """An earlier upload finished the log, and nothing was added since.

        Then the server is not asked at all: an upsert would set the run to running.
        """
        if not self._progress.ended():
            return False
        try:
            cursor = find_cursor(context)
        except CursorUnreadable:
            return False
        return (
            cursor is not None
            and cursor.done
            and cursor.offset >= self._progress.committed_end()
            and not has_failures(self._progress.path, context.destination_text)
        )

    def _failed(self, error: PermanentError | OSError) -> UploadEnd:
        text, kind = explain(error, self._target.base_url)
        where = f"The data are in {self._progress.path}"
        _log.warning("upload_failed log=%s reason=%s", self._progress.path, error)
        self._notifier.notify("fatal", f"{text} {where}; upload them with: wandb sync")
        if self._outcome is None:
            self._publish(StartOutcome(error=text, error_kind=kind))
        return UploadEnd(
            uploaded=False,
            problem=text,
            error_kind=kind,
            run_url=self._outcome.run_url if self._outcome else "",
            rows_uploaded=self._upload.sender.rows_uploaded if self._upload else 0,
        )


def explain(error: PermanentError | OSError, base_url: str) -> tuple[str, str]:
    """What failed and what to do next, for the user; and which kind of error it is."""
    if isinstance(error, OSError):
        return f"The log cannot be uploaded: {error}.", "communication"
    if isinstance(error, ResumeRefused):
        return f"{error}.", "usage"
    if isinstance(error, NotAuthorized) and error.status != FORBIDDEN:
        refusal = f"{base_url} does not accept the API key"
        advice = f"wandb login --relogin --host {base_url}"
        answer = "" if "wandb login" in str(error) else f" ({error})"
        return f"{refusal}{answer}. Run: {advice}", "authentication"
    return f"{base_url} refuses the run: {error}.", "communication"


def _identify(path: Path, end: int) -> LogIdentity | None:
    try:
        return identify(path, end)
    except FileNotFoundError:  # core creates it with the first batch
        return None
