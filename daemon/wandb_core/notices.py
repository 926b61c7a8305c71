"""Messages of core for the user of one run, each told once."""

import logging
from collections import deque

from wandb_core.model import UserNotice
from wandb_core.stream_link import NOTICES_MAX, StreamLink

_log = logging.getLogger(__name__)

TOLD_TEXTS_MAX = 1000
"""More different messages than this are only logged."""


class RunNotices:
    """Implements `Notifier`: keeps messages until the run's first process listens."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._told: set[tuple[str, str]] = set()
        self._untold: deque[UserNotice] = deque(maxlen=NOTICES_MAX)
        self._listener: StreamLink | None = None

    def notify(self, level: str, text: str) -> None:
        if (level, text) in self._told or len(self._told) >= TOLD_TEXTS_MAX:
            return
        self._told.add((level, text))
        _log.info("notice run=%s level=%s text=%r", self._run_id, level, text)
        notice = UserNotice(level, text)
        if self._listener is None:
            self._untold.append(notice)
        else:
            self._listener.tell(notice)

    def listen(self, link: StreamLink) -> None:
        """Tell everything to this connection from now on, what waited first."""
        self._listener = link
        while self._untold:
            link.tell(self._untold.popleft())

    def stop_listening(self, link: StreamLink) -> None:
        if self._listener is link:
            self._listener = None
