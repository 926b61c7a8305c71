"""Which runs of a `wandb` directory may be deleted, and deleting them.

A run of ours may go when its cursor says that the server has acknowledged all of its
log, whatever its mode was; one of the official client when `<log>.synced` is beside the
log or the run was an online one. A log that is being written is never touched.
"""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from wandb_core.sync import OFFLINE_PREFIX, SUFFIX, synced_mark
from wandb_core.transaction_log.lock import is_locked
from wandb_core.uploader.cursor import CursorUnreadable, load_cursor
from wandb_core.uploader.log_folder import identify

_STAMP = re.compile(r"run-(\d{8}_\d{6})-")


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A directory of one run."""

    path: Path
    logs: tuple[Path, ...]
    started_at: float
    """Unix seconds, by the directory's name, else by its last change."""
    is_synced: bool
    byte_count: int

    def remove(self) -> None:
        """Delete it with all that is in it.

        Raises:
            OSError: something cannot be deleted.
        """
        shutil.rmtree(self.path)


def find_runs(wandb_dir: Path) -> list[FoundRun]:
    """The run directories whose logs nobody writes, oldest first; reads every log."""
    found = []
    for path in sorted(wandb_dir.glob("*run-*")):
        if path.is_symlink() or not path.is_dir():
            continue
        logs = tuple(sorted(path.glob(f"*{SUFFIX}")))
        if not any(is_locked(log) for log in logs):
            found.append(_look_at(path, logs))
    return sorted(found, key=lambda run: run.started_at)


def _look_at(path: Path, logs: tuple[Path, ...]) -> FoundRun:
    files = [file for file in path.rglob("*") if file.is_file()]
    return FoundRun(
        path,
        logs,
        _started_at(path),
        bool(logs) and all(is_synced(log) for log in logs),
        sum(file.lstat().st_size for file in files),
    )


def is_synced(log: Path) -> bool:
    """Whether the server has all of a log, as far as can be told without asking it."""
    if synced_mark(log).exists():
        return True
    try:
        cursor = load_cursor(log)
        if cursor is not None:
            return cursor.done and cursor.offset >= log.stat().st_size
        identity = identify(log)
    except (CursorUnreadable, OSError, ValueError):
        return False
    is_official = identity is not None and identity.target is None
    return is_official and not log.parent.name.startswith(OFFLINE_PREFIX)


def _started_at(path: Path) -> float:
    if (stamp := _STAMP.search(path.name)) is not None:
        try:
            return time.mktime(time.strptime(stamp[1], "%Y%m%d_%H%M%S"))
        except (OverflowError, ValueError):
            pass  # not a time after all
    return path.stat().st_mtime
