"""A thread for calls that may hang: whoever asks goes on without an answer."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

WAITING_MAX = 512


class SideThread:
    """Runs one call after the other in a thread of its own, started on first use.

    While a call hangs, all further ones are answered with None at once. The thread does
    not keep the process alive.
    """

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._late = 0
        """Calls that were given up and are not over yet."""
        self._lock = threading.Lock()

    @property
    def is_stuck(self) -> bool:
        """A call hangs now."""
        return self._late > 0

    async def ask(self, call: Callable[[], T]) -> T | None:
        """The call's answer; None if it is late or raises OSError.

        Cancelled: the call goes on by itself.
        """
        future = self._submit(call)
        if future is None:
            return None
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.wrap_future(future)
        self._give_up(future)
        return None

    def ask_now(self, call: Callable[[], T], timeout_s: float) -> T | None:
        """`ask` for a caller that has a thread to wait in."""
        future = self._submit(call)
        if future is None:
            return None
        with suppress(NotInTime, OSError):
            return future.result(timeout_s)
        self._give_up(future)
        return None

    def _submit(self, call: Callable[[], T]) -> "Future[T] | None":
        if self.is_stuck or self._calls.qsize() >= WAITING_MAX:
            return None
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)

        self._calls.put(work)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name=self._name, daemon=True
                )
                self._thread.start()
        return future

    def _give_up(self, future: "Future[T]") -> None:
        if future.done():
            return
        with self._lock:
            self._late += 1
        future.add_done_callback(self._note_end)

    def _note_end(self, _: "Future[T]") -> None:
        with self._lock:
            self._late -= 1

    def _work(self) -> None:
        while True:
            self._calls.get()()
