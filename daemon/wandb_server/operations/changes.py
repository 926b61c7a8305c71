"""Who wants to know what changed: the newest change per run, never a queue."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable

from wandb_server.model.notices import Change


class Subscription(AsyncIterator[Change]):
    """Changes of one project since it was made, the latest per run, until `aclose`.

    For one reader. Holds at most one change per run, however slow the reader is.
    """

    def __init__(self, entity: str, project: str) -> None:
        self._place = (entity, project)
        self._waiting: dict[str, Change] = {}
        self._wake = asyncio.Event()
        self._closed = False

    def offer(self, change: Change) -> None:
        """Keep the change if it is of this project, instead of an older one."""
        if not self._closed and (change.entity, change.project) == self._place:
            self._waiting[change.run] = change
            self._wake.set()

    async def __anext__(self) -> Change:
        """The next run that changed. Cancelled: nothing is lost."""
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.pop(next(iter(self._waiting)))

    async def aclose(self) -> None:
        """End the iteration; idempotent."""
        self._closed = True
        self._waiting.clear()
        self._wake.set()


class ChangeFeed:
    """Hands every change to the subscriptions of its project."""

    def __init__(self) -> None:
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()
        self.relay: Callable[[Change], None] | None = None
        """Tells the other servers of a shared database."""

    def subscribe(self, entity: str, project: str) -> Subscription:
        """Changes from this moment on."""
        subscription = Subscription(entity, project)
        self._subscriptions.add(subscription)
        return subscription

    def publish(self, change: Change) -> None:
        """Tell everybody; never waits."""
        self.offer(change)
        if self.relay is not None:
            self.relay(change)

    def offer(self, change: Change) -> None:
        """Tell the subscriptions of this server."""
        for subscription in list(self._subscriptions):
            subscription.offer(change)

    async def close(self) -> None:
        """End every subscription."""
        for subscription in list(self._subscriptions):
            await subscription.aclose()
