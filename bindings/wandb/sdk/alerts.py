"""`run.alert`: what an alert may say, and how often one with the same title is sent."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from wandb_proto.v1 import record_pb2 as pb

from wandb.sdk.alert_level import AlertLevel

WAIT_S = 60.0
"""Between two alerts of one title, unless the caller says else."""

TITLES_MAX = 1000
"""Of so many titles it is remembered when they were sent last."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to the people behind a run."""

    title: str
    text: str
    level: AlertLevel = AlertLevel.INFO
    wait_s: float = WAIT_S

    @classmethod
    def checked(
        cls,
        title: str,
        text: str,
        level: str | AlertLevel | None = None,
        wait_duration: int | float | timedelta | None = None,
    ) -> "Alert":
        """What `run.alert` was given.

        Raises:
            ValueError: the level is none of AlertLevel, by name or member.
            TypeError: wait_duration is neither a number of seconds nor a timedelta.
        """
        return cls(str(title), str(text), _level(level), _seconds(wait_duration))

    def to_record(self, run_id: str) -> bytes:
        """The alert as a serialised record."""
        record = pb.Record()
        record._info.stream_id = run_id
        record.alert.title = _encodable(self.title)
        record.alert.text = _encodable(self.text)
        record.alert.level = self.level.value
        record.alert.wait_duration = round(self.wait_s * 1000)
        return record.SerializeToString()


class AlertLimit:
    """Lets an alert through if none of its title went through in the last wait_s."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._sent_at: dict[str, float] = {}
        self._lock = threading.RLock()

    def lets_through(self, alert: Alert) -> bool:
        """Whether it is to be sent; then it counts as sent. Thread-safe."""
        with self._lock:
            now, sent_at = self._now(), self._sent_at.get(alert.title)
            if sent_at is not None and now - sent_at < alert.wait_s:
                return False
            self._sent_at.pop(alert.title, None)
            self._sent_at[alert.title] = now
            while len(self._sent_at) > TITLES_MAX:
                del self._sent_at[next(iter(self._sent_at))]
            return True


def _level(level: str | AlertLevel | None) -> AlertLevel:
    if isinstance(level, AlertLevel):
        return level
    try:
        return AlertLevel(level or AlertLevel.INFO)
    except ValueError:
        raise ValueError(
            f"level must be one of 'INFO', 'WARN', or 'ERROR', not {level!r}"
        ) from None


def _seconds(wait_duration: int | float | timedelta | None) -> float:
    if wait_duration is None:
        return WAIT_S
    if isinstance(wait_duration, timedelta):
        return max(0.0, wait_duration.total_seconds())
    if isinstance(wait_duration, bool) or not isinstance(wait_duration, int | float):
        raise TypeError(
            "wait_duration must be an int, float, or datetime.timedelta, not "
            f"{type(wait_duration).__name__}"
        )
    if not 0 <= wait_duration < 1e9:
        raise ValueError(f"wait_duration must be seconds from 0, not {wait_duration}")
    return float(wait_duration)


def _encodable(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode()
