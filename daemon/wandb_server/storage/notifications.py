"""Telling the other servers of a shared database what changed: LISTEN and NOTIFY.

One connection and one thread per server. What is told is lost when nobody listens or
the connection breaks: it only makes pages look again sooner.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import make_url

logger = logging.getLogger(__name__)

CHANNEL = "wandb_changes"
LOOK_S = 0.2
"""How long a text waits at most before it is sent."""
RETRY_S = 5.0
TEXT_BYTES_MAX = 7_900
"""PostgreSQL takes 8,000 bytes in one notification."""
WAITING_MAX = 10_000


class Notifications:
    """Sends and hears texts until `close`."""

    def __init__(self, url: str, heard: Callable[[str], None]) -> None:
        """`heard` is called in a thread of its own."""
        self._url = make_url(url).set(drivername="postgresql")
        self._heard = heard
        self._waiting: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="database-notifications", daemon=True
        )
        self._thread.start()

    def send(self, subject: str, text: str) -> None:
        """Tell everybody soon; a newer text on the same subject takes its place."""
        if len(text.encode()) > TEXT_BYTES_MAX:
            return
        with self._lock:
            if subject in self._waiting or len(self._waiting) < WAITING_MAX:
                self._waiting[subject] = text

    def close(self) -> None:
        """End the thread; idempotent."""
        self._closing.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        import psycopg

        told = False
        while not self._closing.is_set():
            try:
                self._converse(psycopg)
                told = False
            except psycopg.Error as error:
                if not told:
                    logger.warning("changes of other servers are not heard: %s", error)
                told = True
                self._closing.wait(RETRY_S)

    def _converse(self, psycopg: Any) -> None:
        where = self._url.render_as_string(hide_password=False)
        with psycopg.connect(where, autocommit=True, connect_timeout=10) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._closing.is_set():
                for found in connection.notifies(timeout=LOOK_S):
                    self._heard(found.payload)
                with self._lock:
                    waiting, self._waiting = self._waiting, {}
                for text in waiting.values():
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, text))
