"""What the event loop makes, for a thread that takes one after the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class TakerGone(Exception):
    """Who wanted the items has gone."""


@contextmanager
def taken_by_thread(items: AsyncIterator[T]) -> Iterator[Iterator[T]]:
    """An iterator for another thread: the loop makes an item when one is asked for.

    Raises:
        TakerGone: in that thread, when it asks after the end of this context.
    """
    loop = asyncio.get_running_loop()
    taking = True

    async def take() -> T | None:
        return await anext(items, None)

    def give() -> Iterator[T]:
        while taking:
            item = asyncio.run_coroutine_threadsafe(take(), loop).result()
            if item is None:
                return
            yield item
        raise TakerGone

    try:
        yield give()
    finally:
        taking = False
