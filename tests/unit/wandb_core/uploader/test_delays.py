"""Pauses between attempts."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from wandb_core.uploader.delays import SHORTEST_S, retry_delays


def drawn(seed: int, count: int, most_s: float = 60.0) -> list[float]:
    delays = retry_delays(random.Random(seed), 1.0, most_s)
    next(delays)
    return [delays.send(None) for _ in range(count)]


@given(st.integers())
def test_no_pause_is_longer_than_its_ceiling(seed: int) -> None:
    ceilings = [min(60.0, 2.0**n) for n in range(12)]

    assert all(
        SHORTEST_S <= delay <= ceiling
        for delay, ceiling in zip(drawn(seed, 12), ceilings, strict=True)
    )


def test_pauses_spread_over_the_whole_range() -> None:
    late = [drawn(seed, 10)[-1] for seed in range(200)]

    assert min(late) < 6
    assert max(late) > 54


def test_same_chance_same_pauses() -> None:
    assert drawn(1, 20) == drawn(1, 20)
    assert len({a for a, b in pairwise(drawn(1, 20)) if a != b}) > 15


@given(st.floats(allow_nan=False))
def test_wish_of_the_server_wins_within_bounds(seconds: float) -> None:
    delays = retry_delays(random.Random(1), 1.0, 60.0)
    next(delays)

    assert delays.send(seconds) == min(60.0, max(SHORTEST_S, seconds))
