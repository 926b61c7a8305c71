"""How far a log is written, for everybody who waits for it to grow."""

import asyncio
from contextlib import suppress
from pathlib import Path


class WrittenLog:
    """Implements `LogProgress` for a log that is being written by this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.durable_end = 0
        """Safe against power loss up to here."""
        self.exited = False
        """The exit record is in the log."""
        self.abandoned = False
        """No process is left that could write more of it."""
        self.closed = False
        """This process writes no more of it; another core may."""
        self._end = 0
        self._sequences: dict[str, int] = {}
        self._moved = asyncio.Condition()

    def committed_end(self) -> int:
        return self._end

    def ended(self) -> bool:
        return self.exited or self.abandoned

    async def changed(self, known_end: int, timeout_s: float) -> None:
        was_ended = self.ended()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(
                    lambda: self._end != known_end or self.ended() != was_ended
                )

    def advance(self, end: int, sequences: dict[str, int]) -> None:
        """Whole batches are in the log up to `end`; follow with `announce`."""
        self._end = end
        self._sequences.update(sequences)

    async def announce(self) -> None:
        """Wake everybody who waits."""
        async with self._moved:
            self._moved.notify_all()

    async def wait_logged(self, stream_id: str, next_sequence: int) -> bool:
        """Wait for records of a stream; False if the log was closed without them."""
        async with self._moved:
            await self._moved.wait_for(
                lambda: self.closed or self._has(stream_id, next_sequence)
            )
        return self._has(stream_id, next_sequence)

    async def wait_durable(self, timeout_s: float) -> bool:
        """Wait for a durable exit record; False if there is none in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(lambda: self.exit_is_durable)
        return self.exit_is_durable

    def _has(self, stream_id: str, next_sequence: int) -> bool:
        return self._sequences.get(stream_id, 0) >= next_sequence

    @property
    def exit_is_durable(self) -> bool:
        """The run has ended, and its end is safe against power loss."""
        return self.exited and self.durable_end >= self._end


class SettledLog:
    """Implements `LogProgress` for a log that nobody writes any more."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def committed_end(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def ended(self) -> bool:
        return True

    async def changed(self, known_end: int, timeout_s: float) -> None:
        if known_end == self.committed_end():
            await asyncio.sleep(timeout_s)
