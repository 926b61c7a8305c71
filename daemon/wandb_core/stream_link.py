"""One stream's connection: batches go in, acknowledgements and notices come out.

```
 receiver ── send(batch) ──► inbox of the pipeline
 receiver ◄── next_answer ── acknowledge(next_sequence), tell(notice), ask_to_stop()
```

Acknowledgements that nobody has fetched yet are joined: only the highest counts.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from wandb_core.channel import Channel, ChannelClosed
from wandb_core.errors import LinkLost
from wandb_core.model import Acknowledgement, IncomingBatch, UserNotice

NOTICES_MAX = 100


class StreamLink:
    """Implements `PublishedStream` for one pipeline."""

    def __init__(
        self,
        stream_id: str,
        inbox: Channel[IncomingBatch],
        on_detach: Callable[["StreamLink"], None],
    ) -> None:
        self.stream_id = stream_id
        self._inbox = inbox
        self._on_detach = on_detach
        self._sent_end = 0
        self._acknowledged = 0
        self._told_end = 0
        self._notices: deque[UserNotice] = deque(maxlen=NOTICES_MAX)
        self._stop_requested = False
        self._half_closed = False
        self._lost: LinkLost | None = None
        self._news = asyncio.Event()

    async def send(self, batch: IncomingBatch) -> None:
        if self._lost is not None:
            raise self._lost
        try:
            await self._inbox.send(batch)
        except ChannelClosed:
            raise LinkLost("core is stopping") from None
        self._sent_end = max(self._sent_end, batch.first_sequence + len(batch.records))

    async def next_answer(self) -> Acknowledgement | None:
        while True:
            if self._acknowledged > self._told_end or self._notices:
                return self._take_answer()
            if self._lost is not None:
                raise self._lost
            if self.ended_well:
                return None
            self._news.clear()
            await self._news.wait()

    def ask(self) -> None:
        self._told_end = min(self._told_end, self._acknowledged - 1)
        self._news.set()

    def half_close(self) -> None:
        self._half_closed = True
        self._news.set()

    @property
    def ended_well(self) -> bool:
        """The writer said that no more comes, and everything is acknowledged."""
        return self._half_closed and self._acknowledged >= self._sent_end

    def detach(self) -> None:
        self._on_detach(self)

    def acknowledge(self, next_sequence: int) -> None:
        """Everything below is in the log."""
        self._acknowledged = max(self._acknowledged, next_sequence)
        self._news.set()

    def tell(self, notice: UserNotice) -> None:
        """Put a message on the way to the user; the oldest of too many are dropped."""
        self._notices.append(notice)
        self._news.set()

    def ask_to_stop(self) -> None:
        """The server wants the run to stop: said with every answer from now on."""
        if not self._stop_requested:
            self._stop_requested = True
            self.ask()

    def lose(self, reason: str) -> None:
        """End the connection from our side; what is acknowledged is still told."""
        if self._lost is None:
            self._lost = LinkLost(reason)
            self._news.set()

    def _take_answer(self) -> Acknowledgement:
        notices = tuple(self._notices)
        self._notices.clear()
        self._told_end = self._acknowledged
        return Acknowledgement(self._acknowledged, notices, self._stop_requested)
