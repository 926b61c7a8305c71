"""All runs that core has to do with: their pipelines and their uploads.

```
 open_stream ─► pipeline ─(target known)─► upload
 dead writers ─► pipeline ─► pipeline ends               (`dead_writers`)
 backlog entry without a pipeline ─► upload of a settled log
```
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from wandb_proto.machine_place import MachinePlace
from wandb_proto.v1.core_service_pb2 import StreamOpening
from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core import owner_mark
from wandb_core.backlog import BacklogDamage, BacklogEntry
from wandb_core.dead_writers import DeadWriters
from wandb_core.errors import LinkLost, StreamRefused
from wandb_core.monitor import Monitor, Watch
from wandb_core.notices import RunNotices
from wandb_core.pending_upload import ONLINE_MODES, PendingUpload, UploadTools
from wandb_core.pipeline import AWAITED, PipelineCounts, RunPipeline, Writer
from wandb_core.stream_link import StreamLink
from wandb_core.written_log import SettledLog

_log = logging.getLogger(__name__)

ENDED_KEPT_MAX = 64
"""How many ended runs can still be asked about from memory."""

STOP_POLL_S = 0.1

DYING_POLL_S = 0.02


class Runs:
    """The registry; lives in one event loop, its tasks in the daemon's TaskGroup."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        tools: UploadTools,
        monitor: Monitor,
        spool_dirs: tuple[Path, ...],
        wake_up: Callable[[], None],
    ) -> None:
        self.pipelines: dict[Path, RunPipeline] = {}
        self.ended: dict[Path, RunPipeline] = {}
        """The latest pipelines that ended, oldest first."""
        self.uploads: dict[Path, PendingUpload] = {}
        """The latest upload of each log."""
        self.totals = PipelineCounts()
        """Of all pipelines since core began."""
        self._tasks = tasks
        self._tools = tools
        self._monitor = monitor
        self._place = MachinePlace.here()
        self._wake_up = wake_up
        self._dead_writers = DeadWriters(
            tasks,
            self.pipelines,
            self._pipeline_for,
            spool_dirs,
            tools.clock,
            tools.settings.remote_gone_s,
            wake_up,
        )
        self._handed_keys: dict[Path, str] = {}
        self._pipeline_tasks: dict[asyncio.Task[None], RunPipeline] = {}
        self._upload_tasks: dict[asyncio.Task[None], PendingUpload] = {}
        self._stopping = False

    # ---- questions -----------------------------------------------------------------

    def links(self) -> list[tuple[RunPipeline, Writer]]:
        """Every connected writer."""
        return [
            (pipeline, writer)
            for pipeline in self.pipelines.values()
            for writer in pipeline.writers.values()
            if writer.link is not None
        ]

    def backlog_damages(self) -> list[BacklogDamage]:
        """Entries of the backlog that cannot be read; reads the disk."""
        return self._tools.backlog.damaged()

    @property
    def busy(self) -> bool:
        """Whether anybody writes, or any upload can go on."""
        return bool(
            self._dead_writers.draining
            or any(pipeline.writers for pipeline in self.pipelines.values())
            or any(upload.can_progress for upload in self._upload_tasks.values())
        )

    def find(self, run_id: str, path: Path) -> RunPipeline | None:
        """The run's pipeline, opened again if need be; None if there is no such log."""
        known = self.pipelines.get(path) or self.ended.get(path)
        if known is not None:
            return known
        if self._stopping or not path.is_absolute() or not path.exists():
            return None
        return self._pipeline_for(run_id, path)

    # ---- streams -------------------------------------------------------------------

    def open_stream(
        self, opening: StreamOpening, *, is_remote: bool = False
    ) -> StreamLink:
        """Let a stream in; see `Reception`."""
        if self._stopping:
            raise LinkLost("core is stopping")
        path, ring_path = Path(opening.log_path), Path(opening.ring_path)
        if not (opening.stream_id and opening.run_id and path.is_absolute()):
            raise StreamRefused("a stream needs stream id, run id and log path")
        if len(self.links()) >= self._tools.settings.clients_max:
            raise StreamRefused(
                f"core serves {self._tools.settings.clients_max} processes already; "
                "WANDB_CORE_CLIENTS_MAX sets this limit"
            )
        pipeline = self._pipeline_for(opening.run_id, path)
        if pipeline.finishing or ring_path in self._dead_writers.draining:
            raise LinkLost("the log is just being closed; connect again")
        if opening.api_key:
            self._handed_keys[path] = opening.api_key
            if pipeline.target is not None:
                self._hand_over_key(path, pipeline.target)
        return pipeline.attach(
            Writer(
                stream_id=opening.stream_id,
                ring_path=ring_path if opening.ring_path else None,
                pid=opening.pid,
                primary=opening.primary,
                is_remote=is_remote,
                watch=self._watch_of(opening),
            )
        )

    def _watch_of(self, opening: StreamOpening) -> Watch | None:
        if not opening.HasField("monitoring"):
            return None
        return Watch.of(opening.monitoring, self._place)

    def await_remote(self, entries: Iterable[BacklogEntry]) -> None:
        """These logs are written from other hosts: not settled before they had time to
        come again.
        """
        now = self._tools.clock.monotonic()
        for entry in entries:
            if owner_mark.living_owner(entry.log_path, self._tools.machine) is None:
                pipeline = self._pipeline_for(entry.run_id, entry.log_path)
                pipeline.expect(
                    Writer(AWAITED, None, 0, True, is_remote=True, left_at=now)
                )

    # ---- dead writers and the backlog ------------------------------------------------

    async def sweep(self) -> None:
        """Look at the rings whose streams are not connected; end what has no writer."""
        await self._dead_writers.sweep()

    def resume(self, entries: list[BacklogEntry]) -> None:
        """Go on with uploads of earlier cores whose logs nobody writes now."""
        for entry in entries:
            host = owner_mark.living_owner(entry.log_path, self._tools.machine)
            if host is not None:
                _log.info("backlog_of_other_host path=%s host=%s", entry.log_path, host)
            elif entry.log_path not in self.pipelines:
                notices = RunNotices(entry.run_id)
                settled = SettledLog(entry.log_path)
                self._start_upload(
                    PendingUpload(
                        settled, entry.run_id, entry.target, notices, self._tools,
                        settled=True, started_at=entry.started_at,
                    )
                )  # fmt: skip

    async def watch_local_server(self) -> None:
        """Start the embedded server again if it crashed while somebody needs it."""
        needed = any(
            upload.target.local_server and upload.can_progress
            for upload in self._upload_tasks.values()
        )
        local_server = self._tools.local_server
        if needed and await asyncio.to_thread(local_server.crashed):
            _log.warning("local_server_crashed")
            await asyncio.to_thread(local_server.ensure)

    # ---- the end -------------------------------------------------------------------

    async def drain(self, timeout_s: float) -> None:
        """Write what has arrived, close all logs, then upload while there is time."""
        self._stopping = True
        self._dead_writers.stop()
        for task, upload in self._upload_tasks.items():
            if not upload.log_ended:
                task.cancel()
        for pipeline in list(self.pipelines.values()):
            await pipeline.finish(abandoned=False)
        clock = self._tools.clock
        deadline = clock.monotonic() + timeout_s
        while clock.monotonic() < deadline and self._is_worth_waiting():
            await clock.sleep(STOP_POLL_S)
        self.abort()

    def abort(self) -> None:
        """Stop everything now; logs and rings keep the rest."""
        self._stopping = True
        self._dead_writers.abort()
        for task in [*self._pipeline_tasks, *self._upload_tasks]:
            task.cancel()

    def _is_worth_waiting(self) -> bool:
        return bool(self._pipeline_tasks) or any(
            upload.can_progress and not upload.status.problem
            for upload in self._upload_tasks.values()
        )

    # ---- inner ---------------------------------------------------------------------

    def _pipeline_for(self, run_id: str, path: Path) -> RunPipeline:
        if (known := self.pipelines.get(path)) is not None:
            return known
        pipeline = RunPipeline(
            run_id,
            path,
            settings=self._tools.settings,
            clock=self._tools.clock,
            machine=self._tools.machine,
            monitor=self._monitor,
            totals=self.totals,
            remember=self._remember,
            on_target=self._target_known,
            on_detach=self._wake_up,
        )
        self.pipelines[path] = pipeline
        task = self._tasks.create_task(self._run_pipeline(pipeline))
        self._pipeline_tasks[task] = pipeline
        task.add_done_callback(self._pipeline_tasks.pop)
        return pipeline

    async def _run_pipeline(self, pipeline: RunPipeline) -> None:
        try:
            await pipeline.run()
        except Exception:  # the boundary of a run: the others go on
            _log.exception("pipeline_failed run=%s", pipeline.run_id)
        finally:
            del self.pipelines[pipeline.path]
            self._upload_the_rest(pipeline)
            if pipeline.written.abandoned and pipeline.path not in self.uploads:
                owner_mark.release(pipeline.path)
            self.ended.pop(pipeline.path, None)
            self.ended[pipeline.path] = pipeline
            while len(self.ended) > ENDED_KEPT_MAX:
                self._drop(next(iter(self.ended)))
            self._wake_up()

    def _upload_the_rest(self, pipeline: RunPipeline) -> None:
        """What forked children wrote after the end of their parent's run."""
        upload = self.uploads.get(pipeline.path)
        if upload is not None and upload.is_behind and pipeline.target is not None:
            self._target_known(pipeline, pipeline.target)

    def _drop(self, path: Path) -> None:
        del self.ended[path]
        self._handed_keys.pop(path, None)
        upload = self.uploads.get(path)
        if upload is not None and upload not in self._upload_tasks.values():
            del self.uploads[path]

    def _remember(self, pipeline: RunPipeline, target: UploadTarget) -> None:
        """Put the log into the backlog; in the log's thread."""
        if target.mode not in ONLINE_MODES:
            return
        try:
            self._tools.backlog.add(
                pipeline.path, pipeline.run_id, target, pipeline.started_at
            )
        except OSError as error:
            _log.warning("backlog_not_written path=%s reason=%s", pipeline.path, error)

    def _target_known(self, pipeline: RunPipeline, target: UploadTarget) -> None:
        self._hand_over_key(pipeline.path, target)
        if target.mode not in ONLINE_MODES or self._stopping:
            return
        upload = PendingUpload(
            pipeline.written, pipeline.run_id, target, pipeline.notices, self._tools,
            settled=False, started_at=pipeline.started_at,
            on_stop=pipeline.ask_to_stop,
        )  # fmt: skip
        self._start_upload(upload)

    def _hand_over_key(self, path: Path, target: UploadTarget) -> None:
        key = self._handed_keys.get(path)
        if key and not target.local_server:
            self._tools.api_keys.hand_over(target.base_url, key)

    def _start_upload(self, upload: PendingUpload) -> None:
        """Instead of an earlier one of the same log, which may be going on: a writer
        on another host came back after it had been given up.
        """
        earlier = [
            task
            for task, known in self._upload_tasks.items()
            if known.path == upload.path and not task.done()
        ]
        for task in earlier:
            task.cancel()
        self.uploads[upload.path] = upload
        task = self._tasks.create_task(self._guard_upload(upload, earlier))
        self._upload_tasks[task] = upload
        task.add_done_callback(self._upload_tasks.pop)

    async def _guard_upload(
        self, upload: PendingUpload, earlier: Collection[asyncio.Task[None]] = ()
    ) -> None:
        try:
            if earlier:
                await asyncio.wait(earlier)
            if upload.target.mode != "shared":
                await self._let_the_dead_go_first(upload)
            await upload.run()
        except Exception as error:  # the boundary of a run: the others go on
            _log.exception("upload_failed path=%s", upload.path)
            upload.break_off(error)
        finally:
            upload.leave_order()
            self._wake_up()

    async def _let_the_dead_go_first(self, upload: PendingUpload) -> None:
        """A run that is begun again right after its process was killed: what the ring
        of that one still holds belongs before it, and says with which step to go on.
        """
        await self.sweep()
        while await self._dead_writers.are_dying(upload.run_id, upload.path):
            await self._tools.clock.sleep(DYING_POLL_S)
