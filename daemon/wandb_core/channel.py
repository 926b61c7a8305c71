"""A bounded, closable, measured queue between tasks of one event loop.

```
 send ──► [ item, item, … ≤ items_max ] ──► async for
   waits while full                           ends after close(), when empty
```

- End is a closed channel: what was sent before is still received.
- A cancelled `send` has not sent; a cancelled receive has taken nothing.
- Any number of senders and receivers; order is kept.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class ChannelClosed(Exception):
    """Something was sent into a channel that had been closed."""


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """What went through a channel so far."""

    sent: int
    received: int
    waiting: int
    waiting_max: int
    full_waits: int
    """How often a sender had to wait."""


class Channel(Generic[T]):
    """Hands items from senders to receivers; a full channel makes the sender wait."""

    def __init__(self, items_max: int) -> None:
        assert items_max > 0
        self._items: deque[T] = deque()
        self._items_max = items_max
        self._closed = False
        self._changed = asyncio.Condition()
        self._sent = self._received = self._waiting_max = self._full_waits = 0

    @property
    def closed(self) -> bool:
        return self._closed

    async def send(self, item: T) -> None:
        """Return when the item is in the channel.

        Raises:
            ChannelClosed: nobody will receive it.
        """
        async with self._changed:
            if len(self._items) >= self._items_max and not self._closed:
                self._full_waits += 1
                await self._changed.wait_for(self._has_room)
            if self._closed:
                raise ChannelClosed
            self._items.append(item)
            self._sent += 1
            self._waiting_max = max(self._waiting_max, len(self._items))
            self._changed.notify_all()

    async def receive(self) -> T | None:
        """The next item, or None when the channel is closed and empty."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._closed)
            return self._take()

    async def receive_waiting(self, items_max: int) -> list[T]:
        """Wait for one item, take what else is there; [] when closed and empty."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._closed)
            count = min(items_max, len(self._items))
            items = [self._items.popleft() for _ in range(count)]
            self._received += count
            self._changed.notify_all()
            return items

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[T]:
        while (item := await self.receive()) is not None:
            yield item

    async def close(self) -> None:
        """No more items; idempotent. Waiting senders get ChannelClosed."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    def statistics(self) -> ChannelStatistics:
        return ChannelStatistics(
            sent=self._sent,
            received=self._received,
            waiting=len(self._items),
            waiting_max=self._waiting_max,
            full_waits=self._full_waits,
        )

    def _has_room(self) -> bool:
        return self._closed or len(self._items) < self._items_max

    def _take(self) -> T | None:
        if not self._items:
            return None
        self._received += 1
        self._changed.notify_all()
        return self._items.popleft()
