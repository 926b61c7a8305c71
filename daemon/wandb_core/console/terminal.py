"""A terminal that knows four things, which is what progress bars need.

    \\n        next row, column 0        ESC [ A    one row up
    \\r        column 0                  ESC [ B    one row down

Everything else (colours, `ESC [ 2K`, backspace, tabs) is text and takes one column per
character. Text overwrites what is there, character by character; blanks replace text
but make no line longer; lines end at `COLUMNS_MAX`.

```
 lines that scrolled out: frozen
 ┌ row 0 ── a line ──────┐
 │ …                     │  WINDOW_ROWS rows; going down from the last one scrolls.
 │ row 31 ─ no line yet ─│  A row becomes a line when text is written to it or below it
 └───────────────────────┘  in the window: newlines at the end of the output make none.
```

These are the rules of the official terminal, compared with it in the contract tests.
"""

import re
from dataclasses import dataclass
from typing import Any

WINDOW_ROWS = 32
COLUMNS_MAX = 4096

_CONTROL = re.compile(r"(\n|\r|\x1b\[A|\x1b\[B)")
_UP, _DOWN = "\x1b[A", "\x1b[B"
_STARTS = (_UP[:2], _UP[:1])


@dataclass(slots=True)
class TerminalLine:
    """One line; `number` and `timestamp` are those of its creation."""

    number: int
    timestamp: float
    text: str


class Terminal:
    """The lines of one output stream. Who creates a line asks `numbers` for its own."""

    def __init__(self, numbers: "LineNumbers") -> None:
        self._numbers = numbers
        self._rows: list[TerminalLine | None] = [None]
        self._row = 0
        self._column = 0
        self._held = ""

    def write(self, text: str, timestamp: float) -> dict[int, TerminalLine]:
        """Put text on the screen; returns the lines that changed, by number.

        A control sequence may be cut by the end of a write: its start is held back
        until the next one.
        """
        text = self._held + text
        self._held = next((start for start in _STARTS if text.endswith(start)), "")
        if self._held:
            text = text[: -len(self._held)]
        changed: dict[int, TerminalLine] = {}
        for piece in _CONTROL.split(text):
            if piece == "\n":
                self._go_down()
                self._column = 0
            elif piece == "\r":
                self._column = 0
            elif piece == _UP:
                self._row = max(0, self._row - 1)
            elif piece == _DOWN:
                self._go_down()
            elif piece:
                self._put(piece, timestamp, changed)
        return changed

    def state(self) -> list[object]:
        """All there is to know, as JSON-able values; `restore` takes it."""
        rows = [
            None if line is None else [line.number, line.timestamp, line.text]
            for line in self._rows
        ]
        return [rows, self._row, self._column, self._held]

    def restore(self, state: list[Any]) -> None:
        """Take over the state of another terminal."""
        rows, self._row, self._column, self._held = state
        self._rows = [None if line is None else TerminalLine(*line) for line in rows]

    def _go_down(self) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append(None)
        if len(self._rows) > WINDOW_ROWS:
            del self._rows[0]
            self._row -= 1

    def _put(
        self, piece: str, timestamp: float, changed: dict[int, TerminalLine]
    ) -> None:
        line = self._line(timestamp, changed)
        start, self._column = self._column, self._column + len(piece)
        before = line.text[:start].ljust(start)
        text = (before + piece + line.text[self._column :])[:COLUMNS_MAX]
        line.text = text[: max(len(text.rstrip(" ")), len(line.text))]
        self._column = min(self._column, COLUMNS_MAX)
        changed[line.number] = line

    def _line(self, timestamp: float, changed: dict[int, TerminalLine]) -> TerminalLine:
        """The line of the cursor's row; it and empty ones above it are made."""
        if (line := self._rows[self._row]) is not None:
            return line
        for index in range(self._row + 1):
            if self._rows[index] is None:
                line = TerminalLine(self._numbers.take(), timestamp, "")
                self._rows[index] = changed[line.number] = line
        assert line is not None
        return line


class LineNumbers:
    """Hands out line numbers, from 0."""

    def __init__(self) -> None:
        self.count = 0

    def take(self) -> int:
        """The next number, once."""
        self.count += 1
        return self.count - 1
