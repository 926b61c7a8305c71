"""A run with its surroundings: console capture, notices from core, the stop signal."""

import _thread
from time import time
from typing import Any

from wandb._terminal import termerror, termlog, termwarn
from wandb.sdk import records
from wandb.sdk.wandb_run import Run

NOTICE_INFO, NOTICE_WARNING = 0, 1


class LiveRun(Run):
    """What `wandb.init` returns unless the run is disabled."""

    def _capture_console(self) -> None:
        choice = self._settings.console
        if choice == "off":
            return
        if choice == "redirect":
            termlog("console='redirect' is done as 'wrap': Python's writes only.")
        self._session.console.add(self._record_output)
        self._at_finish.append(
            lambda: self._session.console.remove(self._record_output)
        )

    def _record_output(self, is_stderr: bool, text: str) -> None:
        if not self._finished:
            self._stream.append(records.output(self.id, is_stderr, text, time()))

    def _discard(self) -> None:
        """Give the run up before it began; its log stays where it is."""
        self._finished = True
        self._stream.close()

    def _on_notice(self, level: int, text: str) -> None:
        """Show what core has to say; called by the link's thread."""
        tell = {NOTICE_INFO: termlog, NOTICE_WARNING: termwarn}.get(level, termerror)
        tell(text)

    def _on_stop(self, *_details: Any) -> None:
        """The server asks the run to stop: interrupt the main thread, once."""
        if self._stop_told or self._finished:
            return
        self._stop_told = True
        termwarn(f"Run {self.name or self.id} was asked to stop from its page.")
        _thread.interrupt_main()

    _stop_told = False
