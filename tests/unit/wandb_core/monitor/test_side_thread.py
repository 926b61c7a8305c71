"""Calls that hang hold up nobody."""

import asyncio
import threading

import pytest
from wandb_core.monitor.side_thread import SideThread

from tests.support.waiting import wait_until


async def test_answers_come_in_order() -> None:
    thread = SideThread("test", 5.0)

    assert [await thread.ask(lambda n=n: n) for n in range(3)] == [0, 1, 2]  # type: ignore[misc]


async def test_a_call_that_hangs_is_left_alone_and_the_loop_goes_on() -> None:
    """Only the first caller waits for the limit; the others are told at once."""
    thread, released = SideThread("test", 0.05), threading.Event()

    async with asyncio.timeout(20):
        assert await thread.ask(lambda: released.wait(30)) is None
        answers = [await thread.ask(lambda: 1) for _ in range(1000)]

    assert answers == [None] * 1000
    released.set()
    wait_until(lambda: not thread.is_stuck)
    assert await thread.ask(lambda: 2) == 2


async def test_an_oserror_is_no_answer() -> None:
    def fail() -> int:
        raise FileNotFoundError("/proc/gone")

    thread = SideThread("test", 5.0)

    assert await thread.ask(fail) is None
    assert await thread.ask(lambda: 1) == 1


async def test_other_errors_are_the_callers() -> None:
    def fail() -> int:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await SideThread("test", 5.0).ask(fail)


async def test_asking_may_be_cancelled() -> None:
    thread, released = SideThread("test", 5.0), threading.Event()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await thread.ask(lambda: released.wait(30))
    released.set()

    assert await thread.ask(lambda: 3) == 3


def test_a_waiting_thread_gets_the_answer_or_none() -> None:
    thread, released = SideThread("test", 5.0), threading.Event()

    assert thread.ask_now(lambda: 1, 5.0) == 1
    assert thread.ask_now(lambda: released.wait(30), 0.05) is None
    assert thread.ask_now(lambda: 1, 5.0) is None
    released.set()
