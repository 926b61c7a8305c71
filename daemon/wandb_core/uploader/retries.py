"""Try again for as long as it takes, and tell the user once."""

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wandb_core.clock import Clock
from wandb_core.errors import ServerBusy, TransientError
from wandb_core.model import Notifier
from wandb_core.uploader.delays import retry_delays

_log = logging.getLogger(__name__)
T = TypeVar("T")

TOLD_AFTER_S = 3.0
"""A shorter trouble is none of the user's business."""


class Retries:
    """The attempts of one upload share a server, so one trouble is told once."""

    def __init__(
        self,
        clock: Clock,
        chance: random.Random,
        notifier: Notifier,
        *,
        first_s: float,
        most_s: float,
        kept_in: str,
    ) -> None:
        self.problem = ""
        """What the last attempt ran into; "" while all is well."""
        self.failure_count = 0
        self._clock = clock
        self._chance = chance
        self._notifier = notifier
        self._first_s = first_s
        self._most_s = most_s
        self._kept_in = kept_in
        self._trouble_since: float | None = None
        self._told = False

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of the first attempt that does not fail for the moment.

        Raises:
            PermanentError: at once, from the attempt.

        Cancelled: nothing but the attempt is left half done.
        """
        delays = retry_delays(self._chance, self._first_s, self._most_s)
        next(delays)
        while True:
            try:
                result = await attempt()
            except TransientError as error:
                self._failed(error)
                asked = error.retry_after_s if isinstance(error, ServerBusy) else None
                await self._clock.sleep(delays.send(asked))
            else:
                self._worked()
                return result

    def _failed(self, error: TransientError) -> None:
        self.failure_count += 1
        self.problem = str(error)
        now = self._clock.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
            _log.info("server_trouble log=%s reason=%s", self._kept_in, error)
        if not self._told and now - self._trouble_since >= TOLD_AFTER_S:
            self._told = True
            self._notifier.notify(
                "warning",
                f"Network problem: {error}. Nothing is lost: the data are in "
                f"{self._kept_in}, and the upload goes on by itself.",
            )

    def _worked(self) -> None:
        if self._trouble_since is None:
            return
        _log.info("server_answers_again log=%s", self._kept_in)
        if self._told:
            self._notifier.notify(
                "info", "The server answers again; uploading goes on."
            )
        self.problem = ""
        self._trouble_since = None
        self._told = False
