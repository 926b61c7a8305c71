"""Wait for a condition with a deadline, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Callable

_POLL_S = 0.01


def wait_until(predicate: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Return as soon as the predicate is true.

    Raises:
        AssertionError: it was not within the time.
    """
    deadline = time.monotonic() + timeout_s
    while not predicate():
        assert time.monotonic() < deadline, (
            f"not true within {timeout_s} s: {predicate}"
        )
        time.sleep(_POLL_S)


async def wait_until_async(
    predicate: Callable[[], object], timeout_s: float = 30.0
) -> None:
    """The same inside an event loop, without blocking it."""
    deadline = time.monotonic() + timeout_s
    while not predicate():
        assert time.monotonic() < deadline, (
            f"not true within {timeout_s} s: {predicate}"
        )
        await asyncio.sleep(_POLL_S)
