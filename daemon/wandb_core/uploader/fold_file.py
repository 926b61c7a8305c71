"""The fold of a log up to some offset, kept beside it: a restart begins there.

`run-<id>.wandb.fold` is only a shortcut: missing, damaged or of another log, the log is
folded from its beginning.
"""

import logging
import os
from pathlib import Path

from wandb_proto import json_codec

from wandb_core.run_state import RunState

_log = logging.getLogger(__name__)

SUFFIX = ".fold"


def save_fold(log_path: Path, log_id: str, state: RunState, offset: int) -> None:
    """Keep the state that was folded up to offset; a full disk is a debug line."""
    path = _path(log_path)
    temporary = path.with_name(path.name + ".new")
    kept = {"log_id": log_id, "offset": offset, "state": state.to_object()}
    try:
        temporary.write_bytes(json_codec.dumps(kept))
        os.replace(temporary, path)
    except OSError as error:
        _log.debug("fold_not_saved log=%s reason=%s", log_path, error)


def load_fold(log_path: Path, log_id: str, end: int) -> tuple[RunState, int] | None:
    """State and offset of the kept fold, if it is of this log and not beyond end."""
    try:
        kept = json_codec.loads(_path(log_path).read_bytes())
        if kept["log_id"] != log_id or kept["offset"] > end:
            return None
        return RunState.from_object(kept["state"]), int(kept["offset"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.info("fold_unusable log=%s reason=%s", log_path, error)
        return None


def forget_fold(log_path: Path) -> None:
    """Remove the kept fold; idempotent."""
    try:
        _path(log_path).unlink(missing_ok=True)
    except OSError as error:
        _log.debug("fold_not_removed log=%s reason=%s", log_path, error)


def _path(log_path: Path) -> Path:
    return log_path.with_name(log_path.name + SUFFIX)
