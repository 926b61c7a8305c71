"""A run with its surroundings: console capture, and being given up."""

from time import time
from typing import TYPE_CHECKING, Any

from wandb._terminal import termlog
from wandb.sdk import records
from wandb.sdk.wandb_run import Run, RunParts

if TYPE_CHECKING:
    from wandb.sdk.data_types.logged import LoggedMedia


class LiveRun(Run):
    """What `wandb.init` returns unless the run is disabled."""

    def __init__(self, parts: RunParts) -> None:
        super().__init__(parts)
        self._media: LoggedMedia | None = None
        parts.stream.take_rich(self._take_rich)

    def _take_rich(self, data: Any, step: int) -> tuple[dict[str, Any], bytes]:
        """A call of log() with media, as plain data and what core is to complete."""
        from wandb.sdk.data_types.logged import LoggedMedia

        if self._media is None:
            self._media = LoggedMedia(self)
        return self._media(data, step)

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
            record = records.output(self.id, is_stderr, text, time())
            self._stream.append(record, ordered=False)

    def _discard(self) -> None:
        """Give the run up before it began; its log stays where it is."""
        self._finished = True
        self._stream.close()
