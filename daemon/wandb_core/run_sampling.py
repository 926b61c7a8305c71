"""The system metrics of one run, on their way into its log.

```
 first batch is logged ─► sample ─ interval ─► sample ─ … ─► exit record: a last one
                            │                                  (in the log's thread)
                            └─► the run's inbox, as a batch of core's own
```

Runs with the same interval are sampled at the same moments, so that they share what was
read of the machine.
"""

import logging
from collections.abc import Awaitable, Callable

from wandb_proto.v1.record_pb2 import EnvironmentRecord, Record

from wandb_core.channel import ChannelClosed
from wandb_core.clock import Clock
from wandb_core.model import OWN_RECORDS, IncomingBatch
from wandb_core.monitor import Monitor, Watch
from wandb_core.monitor.monitor import Baseline

_log = logging.getLogger(__name__)

FIRST_AFTER_S = 0.2
"""The first sample is soon, but not in the way of `init`."""
LAST_AFTER_S = 1.0
"""No last sample if the latest is as new as this."""


class RunSampling:
    """Samples while the run runs; `watch` may change when its process comes again."""

    def __init__(
        self,
        monitor: Monitor,
        clock: Clock,
        deliver: Callable[[IncomingBatch], Awaitable[None]],
    ) -> None:
        self.watch: Watch | None = None
        self._monitor = monitor
        self._clock = clock
        self._deliver = deliver
        self._baseline = Baseline()
        self._sampled_at: float | None = None
        self._over = False

    async def run(self, environment: Callable[[], EnvironmentRecord | None]) -> None:
        """Until the run is over or this is cancelled. Nothing here stops a run.

        environment: what the log knows of the first writer's machine.
        """
        await self._clock.sleep(FIRST_AFTER_S)
        try:
            await self._add_gpus(environment())
            while not self._over:
                watch = self.watch
                if watch is None or not watch.interval_s:
                    return
                await self._sample(watch)
                await self._clock.sleep(self._until_next(watch.interval_s))
        except ChannelClosed:
            return
        except Exception:  # the boundary of a run: it goes on without system metrics
            _log.exception("sampling_failed")

    def last_words(self) -> Record | None:
        """A last sample before the exit record; blocks briefly, in the log's thread."""
        self._over = True
        watch = self.watch
        if watch is None or not watch.interval_s:
            return None
        sampled_at = self._sampled_at
        if sampled_at is not None:
            age_s = self._clock.monotonic() - sampled_at
            if age_s < min(LAST_AFTER_S, watch.interval_s):
                return None
        try:
            return self._monitor.last_sample(watch, self._baseline)
        except Exception:  # the boundary of a run: it ends without a last sample
            _log.exception("last_sample_failed")
            return None

    def _until_next(self, interval_s: float) -> float:
        """Until the next common moment that is not just now."""
        left_s = interval_s - self._clock.monotonic() % interval_s
        return left_s if left_s > interval_s / 4 else left_s + interval_s

    async def _sample(self, watch: Watch) -> None:
        record = await self._monitor.sample(watch, self._baseline)
        if record is not None and not self._over:
            self._sampled_at = self._clock.monotonic()
            await self._send(record)

    async def _add_gpus(self, known: EnvironmentRecord | None) -> None:
        # Without a host's name the machine is not to be recorded.
        if known is None or not known.host or known.gpu_count:
            return
        record = await self._monitor.environment(known.writer_id)
        if record is not None:
            await self._send(record)

    async def _send(self, record: Record) -> None:
        batch = IncomingBatch(OWN_RECORDS, 0, (record.SerializeToString(),))
        await self._deliver(batch)
