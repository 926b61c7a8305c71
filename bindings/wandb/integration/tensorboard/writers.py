"""From TensorBoard's events to rows of the active run."""

import logging
import os
import threading
from typing import Any

import wandb
from wandb._terminal import termwarn
from wandb.integration.tensorboard.values import value_of

_logger = logging.getLogger(__name__)

STEP = "global_step"


class Tap:
    """Takes events of all writers; one row per step of each folder.

    A row stays open until another step comes. Never raises: training goes on.
    """

    def __init__(self, root: str, saves_files: bool) -> None:
        self._root = os.path.abspath(root) if root else ""
        self._saves_files = saves_files
        self._seen: set[str] = set()
        self._open: tuple[str, int] | None = None
        """Folder and step of the row that is open."""
        self._lock = threading.RLock()

    def take(self, logdir: str, event: Any) -> None:
        """Log what an event holds, if a run is active."""
        run = wandb.run
        if run is None:
            return
        try:
            with self._lock:
                self._take(run, os.path.abspath(logdir), event)
        except Exception as problem:  # the boundary of somebody else's training
            _logger.warning("event not taken problem=%r", problem)
            termwarn(
                f"Something for TensorBoard was not logged: {problem}", repeat=False
            )

    def _take(self, run: Any, logdir: str, event: Any) -> None:
        self._root = self._root or logdir
        if logdir not in self._seen:
            self._seen.add(logdir)
            self._save(run, logdir)
        prefix = _prefix(logdir, self._root)
        row = {}
        for summary in event.summary.value:
            value = value_of(summary)
            if value is not None:
                row[prefix + summary.tag] = value
        if not row:
            return
        place = (logdir, int(event.step))
        if self._open not in (None, place):
            run.log({}, commit=True)
        self._open = place
        run.log({**row, STEP: int(event.step)}, commit=False)

    def _save(self, run: Any, logdir: str) -> None:
        """Keep the folder's event files with the run, as they are at its end."""
        if not self._saves_files or not os.path.isdir(logdir):
            return
        above = os.path.dirname(self._root)
        run.save(os.path.join(logdir, "*tfevents*"), base_path=above, policy="end")


def _prefix(logdir: str, root: str) -> str:
    """`train/` for the folder train below the root, nothing for the root itself."""
    relative = os.path.relpath(logdir, root)
    if relative == os.curdir:
        return ""
    if relative.startswith(os.pardir):
        relative = os.path.basename(logdir)
    return relative.replace(os.sep, "/") + "/"
