"""Token buckets: what comes back, who is forgotten."""

from hypothesis import given
from hypothesis import strategies as st
from wandb_server.api.rate_limits import RateLimits

from tests.support.served import ManualClock


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 50),
    gaps_s=st.lists(st.floats(0, 5), max_size=60),
)
def test_never_more_than_burst_and_rate_allow(
    rate: float, burst: int, gaps_s: list[float]
) -> None:
    clock = ManualClock(0.0)
    limits = RateLimits(rate, burst, clock)
    allowed = 0
    for gap_s in gaps_s:
        clock.now += gap_s
        allowed += limits.wait_s(1) == 0

    assert allowed <= burst + rate * clock.now + 1e-6


@given(rate=st.floats(0.01, 100), burst=st.integers(1, 20))
def test_who_waits_as_told_may_ask(rate: float, burst: int) -> None:
    clock = ManualClock(0.0)
    limits = RateLimits(rate, burst, clock)
    while not (wait_s := limits.wait_s(1)):
        pass

    clock.now += wait_s

    assert limits.wait_s(1) == 0


def test_users_do_not_share_a_bucket() -> None:
    limits = RateLimits(1.0, 1, ManualClock())

    assert [limits.wait_s(user) for user in (1, 2, 1)] == [0, 0, 1]


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    clock = ManualClock(100.0)
    limits = RateLimits(1.0, 2, clock)
    limits.wait_s(1)

    clock.now = 50.0

    assert [limits.wait_s(1), limits.wait_s(1)] == [0, 1]


def test_who_was_long_quiet_is_forgotten() -> None:
    clock = ManualClock()
    limits = RateLimits(1.0, 2, clock, forget_above=3)
    for user in (1, 2, 3):
        limits.wait_s(user)

    clock.now += 9
    limits.wait_s(4)

    assert set(limits._buckets) == {4}
