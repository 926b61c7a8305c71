"""`files/output.log` of a run that is not uploaded: kept while its log is written.

An uploader makes that file for the runs that it follows; without one core does, from
the same lines. Used in the log's thread.
"""

from collections.abc import Sequence
from pathlib import Path

from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core.console import ConsoleLine
from wandb_core.uploader.console_text import ConsoleText

OFFLINE = "offline"


class OfflineConsole:
    """Takes the lines of all runs, and keeps those of offline ones."""

    def __init__(self, log_path: Path) -> None:
        self._text = ConsoleText(log_path)
        self._is_whole = True

    def take(self, lines: Sequence[ConsoleLine], target: UploadTarget | None) -> None:
        """New and changed lines, in order of their numbers."""
        if not lines or target is None or target.mode != OFFLINE or not self._is_whole:
            return
        if self._text.line_count == 0 and lines[0].number > 0:
            # A restarted core knows only what followed the last checkpoint: `wandb
            # sync` makes the file from the whole log.
            self._is_whole = False
            return
        self._text.apply(lines)

    def publish(self) -> None:
        """The run is over: put the file to the others. Idempotent."""
        if self._is_whole and self._text.line_count:
            self._text.publish()
