"""Token buckets: how often each user may ask.

```
tokens  burst ─┐        ┌─ ...       one token per request; what is gone comes back
               └╲╱╲╱╲╲╲─┘ 0          at the rate. None left: 429, with the seconds
```

A bucket is of one user on one server; several servers of a database count each for
itself. Full buckets are forgotten, so memory is bounded by who is busy.
"""

import math
from collections.abc import Callable

FORGET_ABOVE = 10_000
"""With more buckets than this, full ones are thrown away."""


class RateLimits:
    """Tells how long each user has to wait. A rate of 0: nobody ever has to."""

    def __init__(
        self,
        requests_per_s: float,
        burst: int,
        clock: Callable[[], float],
        forget_above: int = FORGET_ABOVE,
    ) -> None:
        self._rate = requests_per_s
        self._burst = float(burst)
        self._clock = clock
        self._forget_above = forget_above
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_s(self, user_id: int) -> int:
        """0 if the request may go on; else after how many whole seconds one may."""
        if self._rate <= 0:
            return 0
        now = self._clock()
        tokens = self._tokens(user_id, now)
        if tokens >= 1:
            self._buckets[user_id] = (tokens - 1, now)
            self._forget(now)
            return 0
        self._buckets[user_id] = (tokens, now)
        return max(1, math.ceil((1 - tokens) / self._rate))

    def _tokens(self, user_id: int, now: float) -> float:
        tokens, since = self._buckets.get(user_id, (self._burst, now))
        return min(self._burst, tokens + max(0.0, now - since) * self._rate)

    def _forget(self, now: float) -> None:
        if len(self._buckets) <= self._forget_above:
            return
        self._buckets = {
            user_id: (self._tokens(user_id, now), now)
            for user_id in self._buckets
            if self._tokens(user_id, now) < self._burst
        }
