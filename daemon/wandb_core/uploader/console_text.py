"""`output.log` of a run, kept up to date on disk while the log is folded.

```
 run-<id>.wandb.console    lines 0 … n, plain text ──── at the end ──► files/output.log
                           └ written ┘└ tail: may still change, also in memory ┘
```

A terminal lets programs rewrite the last lines only. Lines that changed after they left
the tail (a progress bar above thousands of other lines) wait in memory, few, until
`flush` copies the file with them in place. A full disk costs this file, nothing else.
"""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from wandb_core.console import ConsoleLine

_log = logging.getLogger(__name__)

SUFFIX = ".console"
TAIL_LINES_MAX = 256
LATE_LINES_MAX = 1000


class ConsoleText:
    """The console of one log as a file; blocking, nothing raises."""

    def __init__(self, log_path: Path) -> None:
        self.path = log_path.with_name(log_path.name + SUFFIX)
        self.is_broken = False
        """Something could not be written: the file is not to be used."""
        self._target = log_path.parent / "files" / "output.log"
        self._tail: list[bytes] = []
        self._tail_first = 0
        self._tail_offset = 0
        self._late: dict[int, bytes] = {}

    @property
    def line_count(self) -> int:
        return self._tail_first + len(self._tail)

    def restore(self, line_count: int) -> None:
        """Go on from a file of an earlier process, which flushed so many lines."""
        first = max(0, line_count - TAIL_LINES_MAX)
        try:
            with self.path.open("rb") as file:
                for _ in range(first):
                    self._tail_offset += len(file.readline())
                self._tail = [file.readline() for _ in range(line_count - first)]
        except OSError as error:
            self._give_up(error, line_count)
            return
        self._tail_first = first
        if any(not line.endswith(b"\n") for line in self._tail):
            self._give_up("it is shorter than it was", line_count)

    def apply(self, lines: Iterable[ConsoleLine]) -> None:
        """Take over lines that are new or changed, in order of their numbers."""
        first_changed: int | None = None
        for line in lines:
            data = line.text.encode(errors="replace") + b"\n"
            if line.number < self._tail_first:
                self._late[line.number] = data
                continue
            place = line.number - self._tail_first
            self._tail += [b"\n"] * (place + 1 - len(self._tail))
            self._tail[place] = data
            if first_changed is None:
                first_changed = place
        if first_changed is not None and not self.is_broken:
            self._write_tail(first_changed)
        self._trim_tail()
        if len(self._late) > LATE_LINES_MAX:
            self.flush()

    def flush(self) -> None:
        """Put lines that changed late into the file."""
        if not self._late or self.is_broken:
            return
        copy = self.path.with_name(self.path.name + ".new")
        try:
            with self.path.open("rb") as source, copy.open("wb") as target:
                self._tail_offset = self._copy(source, target)
            os.replace(copy, self.path)
            self._late.clear()
        except OSError as error:
            self._give_up(error)

    def publish(self) -> Path | None:
        """The finished file: `files/output.log`, or where it is if that cannot be.

        None if there was no output, or it is broken. An `output.log` that somebody else
        wrote is left as it is.
        """
        if self._target.is_file():
            self.forget()
            return self._target
        self.flush()
        if self.is_broken or not self.line_count:
            return None
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.path, self._target)
        except OSError as error:
            _log.info("console_not_moved path=%s reason=%s", self.path, error)
            return self.path
        return self._target

    def forget(self) -> None:
        """Remove the file; idempotent."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            _log.debug("console_not_removed path=%s reason=%s", self.path, error)

    def _write_tail(self, first: int) -> None:
        offset = self._tail_offset + sum(map(len, self._tail[:first]))
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(self.path, flags, 0o644), "r+b") as file:
                file.seek(offset)
                file.truncate()
                file.writelines(self._tail[first:])
        except OSError as error:
            self._give_up(error)

    def _trim_tail(self) -> None:
        gone = len(self._tail) - TAIL_LINES_MAX
        if gone > 0:
            self._tail_offset += sum(map(len, self._tail[:gone]))
            self._tail_first += gone
            del self._tail[:gone]

    def _copy(self, source: BinaryIO, target: BinaryIO) -> int:
        """Copy with the late lines in place; returns the tail's new offset."""
        tail_offset = 0
        for number, line in enumerate(source):
            data = self._late.get(number, line)
            target.write(data)
            if number < self._tail_first:
                tail_offset += len(data)
        return tail_offset

    def _give_up(self, reason: object, line_count: int = 0) -> None:
        _log.warning("console_text_broken path=%s reason=%s", self.path, reason)
        self.is_broken = True
        self._tail_first = max(self._tail_first, line_count)
        self._late.clear()
