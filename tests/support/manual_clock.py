"""A clock that tests move, and a memory of what users were told."""

import asyncio


class ManualClock:
    """Sleeping takes no time: it moves the clock and lets others run."""

    def __init__(self, now: float = 1_760_000_000.0) -> None:
        self.slept: list[float] = []
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now + self._monotonic

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


class RecordingNotifier:
    """Keeps the messages for the user."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def notify(self, level: str, text: str) -> None:
        self.told.append((level, text))

    def about(self, words: str) -> list[str]:
        """Texts that contain the words."""
        return [text for _, text in self.told if words in text]
