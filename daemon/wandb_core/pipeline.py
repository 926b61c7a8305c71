"""One run's way through core, up to its log.

```
 links ── send ──► inbox ──► stage ► append ► acknowledge        (the log's thread)
                               │        │ full disk: hold, try again, tell once
                               │        └──► written log ──► uploader
                               └ rejected records: counted, told
                  fsync: every interval, at the exit record, or before each
                  acknowledgement                                (another thread)
```

Nothing is acknowledged before its append returned, so whatever happens here, the ring
of the writing process still has what the log has not. A pipeline ends when the writers
of all its streams are gone; then the log is fsynced and unlocked.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core import owner_mark
from wandb_core.channel import Channel
from wandb_core.clock import Clock
from wandb_core.errors import CoreError, LogOwnedElsewhere
from wandb_core.model import IncomingBatch
from wandb_core.monitor import Monitor, Watch
from wandb_core.notices import RunNotices
from wandb_core.offline_console import OfflineConsole
from wandb_core.owner_mark import Machine
from wandb_core.pending_images import PendingImages
from wandb_core.run_log import RunLog, StagedBatches
from wandb_core.run_sampling import RunSampling
from wandb_core.settings import CoreSettings
from wandb_core.stream_link import StreamLink
from wandb_core.transaction_log import Files
from wandb_core.written_log import WrittenLog

_log = logging.getLogger(__name__)
T = TypeVar("T")

AWAITED = "awaited"
"""Stands for writers on other hosts: a core that just began knows none of them."""

METRICS_WARNED = 10_000
"""More distinct metrics of one run are told to the user, once."""


@dataclass(slots=True)
class Writer:
    """A process that writes to this log through a stream of its own."""

    stream_id: str
    ring_path: Path | None
    pid: int
    primary: bool
    link: StreamLink | None = None
    """None while it is not connected; its ring may still hold records."""
    is_remote: bool = False
    """On another host: neither its ring nor its pid can be looked at."""
    left_at: float = 0.0
    """When its link was lost, by the monotonic clock."""
    watch: Watch | None = None
    """What is to be sampled while it writes."""


@dataclass(slots=True)
class PipelineCounts:
    """What went through, for `status`."""

    records: int = 0
    batches: int = 0
    rejected: int = 0
    log_bytes: int = 0

    def add(self, records: int, batches: int, rejected: int, log_bytes: int) -> None:
        """Count what was written at once."""
        self.records += records
        self.batches += batches
        self.rejected += rejected
        self.log_bytes += log_bytes


class RunPipeline:
    """Receives the streams of one log and writes it."""

    def __init__(
        self,
        run_id: str,
        path: Path,
        *,
        settings: CoreSettings,
        clock: Clock,
        machine: Machine,
        monitor: Monitor,
        totals: PipelineCounts,
        remember: Callable[["RunPipeline", UploadTarget], None],
        on_target: Callable[["RunPipeline", UploadTarget], None],
        on_detach: Callable[[], None],
        files: Files | None = None,
    ) -> None:
        self.run_id = run_id
        self.path = path
        self.written = WrittenLog(path)
        self.notices = RunNotices(run_id)
        self.writers: dict[str, Writer] = {}
        self.counts = PipelineCounts()
        self.target: UploadTarget | None = None
        """Where the log goes; None until its first batch was taken."""
        self.problem = ""
        """Why the log does not grow just now, for the user."""
        self._settings = settings
        self._clock = clock
        self._machine = machine
        self._totals = totals
        self._remember = remember
        self._on_target = on_target
        self._on_detach = on_detach
        self._files = files
        self._inbox: Channel[IncomingBatch] = Channel(settings.waiting_batches_max)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"log-{run_id[:12]}")
        self._run_log: RunLog | None = None
        self._images = PendingImages(path)
        self._unsynced = asyncio.Event()
        self._sampling = RunSampling(monitor, clock, self._inbox.send)
        self._may_sample = asyncio.Event()
        self._console = OfflineConsole(path)
        self._is_abandoned = False

    # ---- its writers ---------------------------------------------------------------

    def expect(self, writer: Writer) -> Writer:
        """Know of a writer that is not connected; keeps what is known already."""
        return self.writers.setdefault(writer.stream_id, writer)

    def attach(self, writer: Writer) -> StreamLink:
        """Connect a writer; an earlier connection of the same stream is ended."""
        known = self.writers.get(writer.stream_id)
        if known is not None and known.link is not None:
            known.link.lose("the stream was opened again")
        if writer.is_remote:
            self.forget(AWAITED)
        writer.link = StreamLink(writer.stream_id, self._inbox, self._detach)
        self.writers[writer.stream_id] = writer
        if writer.primary:
            self.notices.listen(writer.link)
            self._sampling.watch = writer.watch
            self._let_sample()
        return writer.link

    def forget(self, stream_id: str) -> None:
        """The writer is gone, and all that it wrote is in the log."""
        self.writers.pop(stream_id, None)

    async def deliver(self, batch: IncomingBatch) -> None:
        """Take a batch that was found in a ring; waits while the log is behind.

        Raises:
            ChannelClosed: the pipeline is ending.
        """
        await self._inbox.send(batch)

    def next_sequence(self, stream_id: str) -> int:
        """Records of the stream below it are taken, and dropped if they come again."""
        run_log = self._run_log
        return run_log.processor.next_sequence(stream_id) if run_log else 1

    async def wait_logged(self, stream_id: str, next_sequence: int) -> bool:
        """True when everything below is in the log and durable; False if it ended."""
        if not await self.written.wait_logged(stream_id, next_sequence):
            return False
        await self._sync()
        return self.written.durable_end >= self.written.committed_end()

    def ask_to_stop(self) -> None:
        """The server asks the run to stop: every writer hears of it."""
        for writer in self.writers.values():
            if writer.link is not None:
                writer.link.ask_to_stop()

    # ---- questions -----------------------------------------------------------------

    @property
    def started_at(self) -> float:
        """When the run began with this log, in unix seconds; 0: not known yet."""
        run = self._run_log.processor.run if self._run_log else None
        return run.start_time.seconds + run.start_time.nanos / 1e9 if run else 0.0

    @property
    def refused_rows(self) -> int:
        return self._run_log.processor.refused_rows if self._run_log else 0

    async def summary(self) -> dict[str, object] | None:
        """The summary over everything acknowledged; None before the first batch."""
        if self._run_log is None:
            return None
        if self.written.closed:
            return self._run_log.summary()
        return await self._in_thread(self._run_log.summary)

    # ---- life ----------------------------------------------------------------------

    async def run(self) -> None:
        """Write until `finish` was called and all that had arrived is in the log.

        Cancelled: the log keeps whole batches; the rings have what is missing.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                sync = tasks.create_task(self._sync_regularly())
                mark = tasks.create_task(self._touch_mark())
                sampling = tasks.create_task(self._sample())
                opened = not self.path.exists() or await self._open()
                if opened and await self._append_batches() and self._is_abandoned:
                    await self._settle()
                    await self._in_thread(self._images.remove_all)
                sync.cancel()
                mark.cancel()
                sampling.cancel()
            await self._sync()
        finally:
            await self._close()

    async def finish(self, *, abandoned: bool) -> None:
        """Take no more batches; `run` returns when those that came are written.

        abandoned: no writer is left, so the log will not grow in any later core either.
        """
        self._is_abandoned = abandoned
        await self._inbox.close()

    @property
    def finishing(self) -> bool:
        """Whether `finish` was called."""
        return self._inbox.closed

    async def _append_batches(self) -> bool:
        """False: it was given up before all that had come was in the log."""
        limit = self._settings.waiting_batches_max
        while batches := await self._inbox.receive_waiting(limit):
            if self._run_log is None and not await self._open():
                return False
            assert self._run_log is not None
            completed = await self._complete(batches)
            if completed is None:
                return False
            staged = await self._stage(completed)
            self._report(staged)
            if not await self._write():
                return False
            growth = self._run_log.end - self.written.committed_end()
            for counts in (self.counts, self._totals):
                counts.add(
                    staged.record_count, len(batches), len(staged.rejections), growth
                )
            await self._acknowledge(staged)
            await self._in_thread(self._images.remove_spent)
        return True

    async def _complete(
        self, batches: list[IncomingBatch]
    ) -> list[IncomingBatch] | None:
        """Make the images that came as pixels; None if we stop before."""
        assert self._run_log is not None
        known = self._run_log.processor.next_sequence
        while True:
            try:
                work = partial(self._images.complete, batches, known)
                completed = await self._in_thread(work)
                break
            except OSError as error:
                if not await self._hold(error):
                    return None
        self.problem = ""
        if self._images.lost:
            lost, self._images.lost = self._images.lost, []
            self.notices.notify("warning", f"The pixels of {lost[0]!r} are gone.")
        return completed

    async def _settle(self) -> None:
        """Nobody is left to commit the open row: do it, as often as it takes."""
        while self._run_log is not None:
            try:
                if await self._in_thread(self._run_log.settle):
                    self.written.advance(self._run_log.end, {})
                return
            except (CoreError, OSError) as error:
                self.problem = str(error)
                self.notices.notify("error", f"{error}; it is tried again")
                await self._clock.sleep(self._settings.write_retry_s)

    async def _stage(self, batches: list[IncomingBatch]) -> StagedBatches:
        assert self._run_log is not None
        try:
            return await self._in_thread(partial(self._run_log.stage, batches))
        except Exception:  # the boundary of a run: one record must not stop it
            _log.exception("stage_failed run=%s", self.run_id)
        return await self._in_thread(partial(self._run_log.stage_sound, batches))

    async def _acknowledge(self, staged: StagedBatches) -> None:
        assert self._run_log is not None
        await self._remember_target()
        self.written.advance(self._run_log.end, staged.next_sequences)
        self._unsynced.set()
        exits = self._run_log.exited and not self.written.exited
        if self._settings.fsync == "always" or exits:
            await self._sync()
        if exits:
            await self._in_thread(self._console.publish)
        self.written.exited = self._run_log.exited
        for stream_id, next_sequence in staged.next_sequences.items():
            writer = self.writers.get(stream_id)
            if writer is not None and writer.link is not None:
                writer.link.acknowledge(next_sequence)
        await self.written.announce()
        self._announce_target()

    async def _open(self) -> bool:
        """Create or recover the log, as often as it takes; False if we stop before."""
        while True:
            try:
                run_log = await self._in_thread(self._open_log)
                break
            except (CoreError, OSError) as error:
                if not await self._hold(error):
                    return False
        self._run_log = run_log
        run_log.last_words = self._sampling.last_words
        run_log.on_console = lambda lines: self._console.take(lines, run_log.target)
        self.problem = ""
        await self._remember_target()
        for damage in run_log.damages:
            self.notices.notify("warning", str(damage))
        self.written.advance(run_log.end, {})
        self.written.durable_end = run_log.end
        self.written.exited = run_log.exited
        await self.written.announce()
        self._announce_target()
        _log.info(
            "log_open run=%s path=%s end=%d cut_records=%d",
            self.run_id, self.path, run_log.end, run_log.cut_records,
        )  # fmt: skip
        return True

    def _open_log(self) -> RunLog:
        return RunLog.open(
            self.path,
            self.run_id,
            self._machine,
            self._settings,
            will_be_resent=bool(self.writers),
            files=self._files,
        )

    async def _write(self) -> bool:
        """Append what is staged, as often as it takes; False if we stop before."""
        assert self._run_log is not None
        while True:
            try:
                await self._in_thread(self._run_log.write_staged)
                break
            except (CoreError, OSError) as error:
                if not await self._hold(error):
                    return False
        if self.problem:
            self.problem = ""
            self.notices.notify("info", f"{self.path} can be written again")
        return True

    async def _hold(self, error: Exception) -> bool:
        """Tell why the log cannot be written and wait a little; False: give up."""
        self.problem = str(error)
        hint = "; your data are kept and written as soon as it works again"
        elsewhere = isinstance(error, LogOwnedElsewhere)
        self.notices.notify("error", f"{error}{'' if elsewhere else hint}")
        if self._inbox.closed:
            return False
        await self._clock.sleep(self._settings.write_retry_s)
        return not self._inbox.closed

    async def _sync_regularly(self) -> None:
        while True:
            await self._unsynced.wait()
            await self._clock.sleep(self._settings.fsync_interval_s)
            await self._sync()

    async def _sync(self) -> None:
        """Make the log durable up to its end now; a failure is told, not raised."""
        end = self.written.committed_end()
        if self._run_log is None or end <= self.written.durable_end:
            return
        self._unsynced.clear()
        if self._settings.fsync != "never":
            try:
                await asyncio.to_thread(self._run_log.sync)
            except (CoreError, OSError) as error:
                self.notices.notify("error", f"cannot fsync {self.path}: {error}")
                self._unsynced.set()
                return
        self.written.durable_end = max(self.written.durable_end, end)
        await self.written.announce()

    async def _touch_mark(self) -> None:
        while True:
            await self._clock.sleep(owner_mark.TOUCH_S)
            await asyncio.to_thread(owner_mark.touch, self.path)

    async def _close(self) -> None:
        for writer in self.writers.values():
            if writer.link is not None:
                writer.link.lose("core is stopping")
        if self._run_log is not None:
            if self._is_abandoned:
                self._thread.submit(self._console.publish)
            self._thread.submit(self._run_log.close)
        self._thread.shutdown(wait=False)
        self.written.abandoned = self._is_abandoned
        self.written.closed = True
        with suppress(asyncio.CancelledError):
            await self.written.announce()

    def _report(self, staged: StagedBatches) -> None:
        for rejection in staged.rejections:
            _log.warning("record_rejected run=%s reason=%s", self.run_id, rejection)
        if staged.rejections:
            self.notices.notify(
                "warning", f"Some data was not understood: {staged.rejections[0]}"
            )
        assert self._run_log is not None
        if self._run_log.processor.metric_count > METRICS_WARNED:
            self.notices.notify(
                "warning",
                f"This run has more than {METRICS_WARNED:,} metrics: all are stored, "
                "but pages get slow. Are values or ids part of the names?",
            )

    async def _remember_target(self) -> None:
        """Before anything is acknowledged: rings are removed then, and whoever comes
        after us must know that this log has to be uploaded.
        """
        assert self._run_log is not None
        # After the exit record only forked children write: its upload may have ended.
        is_news = self.target is None or self.written.exited
        if is_news and self._run_log.target is not None:
            await self._in_thread(partial(self._remember, self, self._run_log.target))

    def _announce_target(self) -> None:
        assert self._run_log is not None
        if self.target is None and self._run_log.target is not None:
            self.target = self._run_log.target
            self._on_target(self, self.target)
            self._let_sample()

    def _let_sample(self) -> None:
        """System metrics begin when the run is in the log and its process is here."""
        if self.target is not None and self._sampling.watch is not None:
            self._may_sample.set()

    async def _sample(self) -> None:
        await self._may_sample.wait()
        run_log = self._run_log
        if run_log is not None and not self.written.exited:
            await self._sampling.run(lambda: run_log.processor.environment)

    def _detach(self, link: StreamLink) -> None:
        self.notices.stop_listening(link)
        writer = self.writers.get(link.stream_id)
        if writer is not None and writer.link is link:
            writer.link = None
            writer.left_at = self._clock.monotonic()
            if writer.ring_path is None and link.ended_well:
                self.forget(link.stream_id)
        self._on_detach()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
