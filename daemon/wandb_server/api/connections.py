"""Connections on which nobody asks anything: closed, so that they cannot use up all.

```
accepted ─► first request ─► answered ─► next request …
   └ first_request_s ┘          └── idle_s ──┘          beyond: closed
```

A head that comes a byte at a time is a request that never comes. Bodies have limits of
their own, see `bodies`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from wandb_server.settings import Limits


class Connected(Protocol):
    """What the HTTP server says of one connection."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """None: it is closed already."""


class Connections:
    """Knows since when each connection is silent."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        """`clock`: seconds that only go up."""
        self._limits = limits
        self._clock = clock
        self._busy: set[int] = set()
        self._deadlines: dict[int, float] = {}

    @contextmanager
    def answering(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """While inside, the connection is not silent."""
        key = id(transport)
        self._busy.add(key)
        try:
            yield
        finally:
            self._busy.discard(key)
            self._deadlines[key] = self._clock() + self._limits.idle_s

    def close_silent(self, connected: Iterable[Connected]) -> int:
        """Close what was silent for too long; how many."""
        now, closed = self._clock(), 0
        deadlines: dict[int, float] = {}
        for one in connected:
            if one.transport is None:
                continue
            key = id(one.transport)
            first = now + self._limits.first_request_s
            deadlines[key] = self._deadlines.get(key, first)
            if key not in self._busy and deadlines[key] < now:
                one.transport.abort()
                closed += 1
        self._deadlines = deadlines
        return closed
