"""How long to wait before the next attempt: exponential, full jitter, a ceiling."""

import random
from collections.abc import Generator

SHORTEST_S = 0.05
"""Even a server that asks for no pause at all is not called in a tight loop."""


def retry_delays(
    chance: random.Random, first_s: float = 1.0, most_s: float = 60.0
) -> Generator[float, float | None, None]:
    """Yield seconds to wait, without end; start it with `next`, go on with `send`.

    `send(None)` draws from [0, min(most_s, first_s * 2^n)]; `send(seconds)` is what the
    server asked for (Retry-After): it wins, up to most_s. Pure but for `chance`.

    Source: "full jitter" of M. Brooker, "Exponential Backoff And Jitter" (2015).
    """
    ceiling = first_s
    asked = yield 0.0
    while True:
        wanted = chance.uniform(0.0, ceiling) if asked is None else asked
        ceiling = min(most_s, ceiling * 2)
        asked = yield min(most_s, max(SHORTEST_S, wanted))
