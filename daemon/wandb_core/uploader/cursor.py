"""How far the server has acknowledged a log: a small file beside the log.

```
run-<id>.wandb.cursor     one JSON object, replaced as a whole
    destination           base URL, entity, project and run as asked for
    log_id                names the log to a server that drops repeats per line
    base                  file -> number of the log's first line at the server
    resumed, starting_step  what was found on the server before this log's first row
    offset                everything below it in the log is acknowledged
    pending_end           end of the chunk that was (maybe) sent; 0: none
    files_offset          files announced below it in the log are uploaded
    begun                 the base is final: earlier logs of the run are uploaded
    done                  all is acknowledged, the last request too
```

- It is written before each request, and fsynced before the first one and at the end:
  after any crash the chunk [offset, pending_end) is made again from the same bytes of
  the log, so that it has the same lines and numbers as the one that was maybe taken.
- A line's number is its base plus its ordinal in the log: nothing counts requests.
- Between fsyncs it may be older after a loss of power; then chunks are sent again, line
  for line, and the server has them already.
"""

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from wandb_proto import json_codec

SUFFIX = ".cursor"
HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
SUMMARY = "wandb-summary.json"
OUTPUT = "output.log"

NUMBERED_FILES = (HISTORY, EVENTS, OUTPUT)

_VERSION = 1


class CursorUnreadable(Exception):
    """The file is there but makes no sense; the server's counts must do."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """One state of the file."""

    destination: str
    log_id: str
    base: dict[str, int] = field(default_factory=dict)
    resumed: bool = False
    starting_step: int = 0
    offset: int = 0
    pending_end: int = 0
    files_offset: int = 0
    begun: bool = True
    done: bool = False

    def advanced(self) -> Self:
        """The pending chunk was acknowledged."""
        assert self.pending_end >= self.offset
        return replace(self, offset=self.pending_end, pending_end=0)


def cursor_path(log_path: Path) -> Path:
    """Where the cursor of a log lies."""
    return log_path.with_name(log_path.name + SUFFIX)


def load_cursor(log_path: Path) -> Cursor | None:
    """The cursor of a log; None if it has none yet.

    Raises:
        CursorUnreadable: damaged, or of an unknown version.
    """
    path = cursor_path(log_path)
    try:
        found = json_codec.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CursorUnreadable(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict) or found.pop("version", None) != _VERSION:
        raise CursorUnreadable(f"{path} is not a cursor of this version")
    return _checked(path, found)


def save_cursor(log_path: Path, cursor: Cursor, *, durable: bool) -> None:
    """Replace the cursor in one step; `durable`: it survives a loss of power too.

    Raises:
        OSError: the directory cannot be written; the old cursor is still there.
    """
    path = cursor_path(log_path)
    plain = {spec.name: getattr(cursor, spec.name) for spec in fields(cursor)}
    text = json_codec.dumps({"version": _VERSION, **plain}) + b"\n"
    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    os.replace(temporary, path)
    if durable:
        _sync_directory(path.parent)


def _checked(path: Path, found: dict[str, Any]) -> Cursor:
    try:
        cursor = Cursor(**found)
    except TypeError as error:
        raise CursorUnreadable(f"{path} has unknown fields: {error}") from error
    base_fits = isinstance(cursor.base, dict) and all(
        name in NUMBERED_FILES and isinstance(line, int) and line >= 0
        for name, line in cursor.base.items()
    )
    numbers = (cursor.offset, cursor.pending_end, cursor.files_offset)
    texts = (cursor.destination, cursor.log_id)
    if (
        not base_fits
        or not all(isinstance(text, str) for text in texts)
        or not all(isinstance(number, int) and number >= 0 for number in numbers)
        or (cursor.pending_end and cursor.pending_end < cursor.offset)
        or not isinstance(cursor.starting_step, int)
    ):
        raise CursorUnreadable(f"{path} holds values that cannot be")
    return cursor


def _sync_directory(directory: Path) -> None:
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:  # Windows has no such thing
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
