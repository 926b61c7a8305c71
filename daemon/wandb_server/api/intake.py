"""Room for the rows that are on their way into the store.

```
requests ─► [ in: bytes_max of bodies, read, parsed, stored ] ─► answered
              ▲ the others wait in order, unread, in the sockets of their clients
              └ for wait_s_max, then 503: send it again
```

Without it, five hundred clients that were cut off for a while and send megabytes each
would fill the server's memory before the first of them is answered.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wandb_server.errors import StorageBusy


class Intake:
    """How many bytes of bodies are in the server. Used by one loop."""

    def __init__(self, bytes_max: int, wait_s_max: float) -> None:
        self._bytes_max = bytes_max
        self._wait_s_max = wait_s_max
        self._bytes = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def waiting_count(self) -> int:
        """Requests that nothing was read of yet."""
        return len(self._waiting)

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Inside, a body of so many bytes may be read and kept.

        In order of arrival; a body larger than all the room comes in alone. Cancelled:
        its place goes to the next.

        Raises:
            StorageBusy: there was no room in time.
        """
        size = min(size, self._bytes_max)
        if self._waiting or self._bytes + size > self._bytes_max:
            await self._wait(size)
        else:
            self._bytes += size
        try:
            yield
        finally:
            self._leave(size)

    async def _wait(self, size: int) -> None:
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (size, entered)
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._wait_s_max):
                await entered
        except BaseException as error:
            if entered.done() and not entered.cancelled():
                self._leave(size)  # let in at the moment when it gave up
            else:
                self._waiting.remove(place)
                self._let_in()
            if isinstance(error, TimeoutError):
                raise StorageBusy("too many rows arrive at once") from error
            raise

    def _leave(self, size: int) -> None:
        self._bytes -= size
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            size, entered = self._waiting[0]
            if entered.cancelled():
                return  # it takes itself out of the line
            if self._bytes + size > self._bytes_max:
                return
            self._waiting.popleft()
            self._bytes += size
            entered.set_result(None)
