"""What writers left that are gone: their rings go into their logs, then these end.

```
 sweep ─► ring of a dead writer ─► claimed, delivered, discarded ─┐
       └► no writer left ◄──────────────────────────────────────── ┘
             └► the pipeline is told to end            (crashed: no exit record)
```
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import psutil

from wandb_core.channel import ChannelClosed
from wandb_core.clock import Clock
from wandb_core.orphan_rings import FoundRing, OrphanRing, find_rings, look_at
from wandb_core.pipeline import AWAITED, RunPipeline, Writer

_log = logging.getLogger(__name__)


class DeadWriters:
    """Looks after the writers of all pipelines that are not connected."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        pipelines: dict[Path, RunPipeline],
        pipeline_for: Callable[[str, Path], RunPipeline],
        spool_dirs: tuple[Path, ...],
        clock: Clock,
        remote_gone_s: float,
        wake_up: Callable[[], None],
    ) -> None:
        """pipelines: all there are, by log; pipeline_for: finds or makes one.

        remote_gone_s: a writer on another host that is away for so long is gone.
        """
        self.draining: set[Path] = set()
        """Rings that are just being brought into their logs."""
        self._tasks = tasks
        self._pipelines = pipelines
        self._pipeline_for = pipeline_for
        self._spool_dirs = spool_dirs
        self._clock = clock
        self._remote_gone_s = remote_gone_s
        self._wake_up = wake_up
        self._ring_tasks: set[asyncio.Task[None]] = set()
        self._sweeping = asyncio.Lock()
        self._stopping = False

    async def sweep(self) -> None:
        """Look at the rings whose streams are not connected; end what has no writer."""
        async with self._sweeping:
            await self._sweep_rings()
            await self._end_pipelines()

    def stop(self) -> None:
        """Take up no more rings; the next core finds them."""
        self._stopping = True

    def abort(self) -> None:
        """Leave the rings that are just being brought in; idempotent."""
        self.stop()
        for task in self._ring_tasks:
            task.cancel()

    async def are_dying(self, run_id: str, log_path: Path) -> bool:
        """Whether another log of the run is just being ended for dead writers."""
        for pipeline in list(self._pipelines.values()):
            is_other = pipeline.path != log_path and not pipeline.problem
            if not is_other or pipeline.run_id != run_id:
                continue
            if pipeline.finishing or not pipeline.writers:
                return True
            for writer in list(pipeline.writers.values()):
                if writer.ring_path is None:
                    continue
                if writer.ring_path in self.draining:
                    return True
                ring = await asyncio.to_thread(look_at, writer.ring_path)
                if ring is not None and not ring.writer_alive:
                    return True
        return False

    async def _sweep_rings(self) -> None:
        connected = {
            writer.ring_path
            for pipeline in self._pipelines.values()
            for writer in pipeline.writers.values()
            if writer.link is not None and writer.ring_path is not None
        }
        skipped = frozenset(connected | self.draining)
        for ring in await asyncio.to_thread(find_rings, self._spool_dirs, skipped):
            self._take_up(ring)

    async def _end_pipelines(self) -> None:
        for pipeline in list(self._pipelines.values()):
            await self._forget_gone_writers(pipeline)
            if not pipeline.writers and not pipeline.finishing:
                _log.info(
                    "log_ends run=%s exited=%s",
                    pipeline.run_id,
                    pipeline.written.exited,
                )
                await pipeline.finish(abandoned=True)

    def _take_up(self, ring: FoundRing) -> None:
        if self._stopping or ring.path in self.draining:
            return
        pipeline = self._pipeline_for(ring.run_id, ring.log_path)
        if pipeline.finishing:
            return
        writer = pipeline.expect(
            Writer(ring.stream_id, ring.path, ring.pid, ring.primary)
        )
        if not ring.writer_alive and writer.link is None:
            self.draining.add(ring.path)
            task = self._tasks.create_task(self._drain_ring(pipeline, ring))
            self._ring_tasks.add(task)
            task.add_done_callback(self._ring_tasks.discard)

    async def _drain_ring(self, pipeline: RunPipeline, ring: FoundRing) -> None:
        """Bring what a dead writer left into its log, then remove the ring."""
        orphan: OrphanRing | None = None
        try:
            orphan = await asyncio.to_thread(OrphanRing.claim, ring.path)
            if orphan is not None and await _deliver(pipeline, orphan):
                await asyncio.to_thread(orphan.discard)
                pipeline.forget(ring.stream_id)
        except ChannelClosed:
            pass  # core stops: the next one finds the ring
        except (OSError, ValueError) as error:
            _log.warning("ring_unreadable path=%s reason=%s", ring.path, error)
        finally:
            if orphan is not None:
                orphan.close()
            self.draining.discard(ring.path)
            self._wake_up()

    async def _forget_gone_writers(self, pipeline: RunPipeline) -> None:
        for writer in list(pipeline.writers.values()):
            if writer.link is not None or writer.ring_path in self.draining:
                continue
            if writer.is_remote:
                if self._is_gone(pipeline, writer):
                    pipeline.forget(writer.stream_id)
                continue
            if writer.ring_path is None:
                # Its lock would be the better sign, but it has no ring.
                if not psutil.pid_exists(writer.pid):
                    pipeline.forget(writer.stream_id)
                continue
            if not await asyncio.to_thread(writer.ring_path.exists):
                if writer.link is None:
                    pipeline.forget(writer.stream_id)
            elif writer.ring_path.parent not in self._spool_dirs:
                ring = await asyncio.to_thread(look_at, writer.ring_path)
                if ring is not None and writer.link is None:
                    self._take_up(ring)

    def _is_gone(self, pipeline: RunPipeline, writer: Writer) -> bool:
        if writer.stream_id == AWAITED and pipeline.written.exited:
            return True
        return self._clock.monotonic() - writer.left_at >= self._remote_gone_s


async def _deliver(pipeline: RunPipeline, orphan: OrphanRing) -> bool:
    """Hand over all records of a ring; True once they are durable in the log."""
    record_count = 0
    while (batch := await asyncio.to_thread(orphan.next_batch)) is not None:
        record_count += len(batch.records)
        await pipeline.deliver(batch)
    for damage in orphan.damages:
        pipeline.notices.notify(
            "error",
            f"{damage.record_count} records from number {damage.first_sequence} of "
            f"stream {orphan.stream_id} could not be read any more",
        )
    _log.info(
        "ring_drained run=%s stream=%s records=%d damages=%s",
        pipeline.run_id, orphan.stream_id, record_count, orphan.damages,
    )  # fmt: skip
    if not record_count:
        return True
    return await pipeline.wait_logged(orphan.stream_id, orphan.next_sequence)
