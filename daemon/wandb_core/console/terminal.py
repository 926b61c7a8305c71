"""A terminal that knows four things, which is what progress bars need.

    \\n        next line, column 0        ESC [ A    one line up
    \\r        column 0                   ESC [ B    one line down

Everything else (colours, `ESC [ 2K`, backspace, tabs) is text and takes one column per
character. Text overwrites what is there, character by character. Only the last
`WINDOW_LINES` lines can change; lines end at `COLUMNS_MAX`.
"""

import re
from dataclasses import dataclass

WINDOW_LINES = 32
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
    """The lines of one output stream. Who creates a line asks `next_number` for it."""

    def __init__(self, next_number: "LineNumbers") -> None:
        self._numbers = next_number
        self._lines: list[TerminalLine] = []
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
                if self._row == len(self._lines):
                    self._put("", timestamp, changed)
                self._row, self._column = self._row + 1, 0
            elif piece == "\r":
                self._column = 0
            elif piece == _UP:
                self._row = max(0, self._row - 1)
            elif piece == _DOWN:
                self._row = min(len(self._lines), self._row + 1)
            elif piece:
                self._put(piece, timestamp, changed)
        return changed

    def state(self) -> list[object]:
        """All there is to know, as JSON-able values; `restore` takes it."""
        lines = [[line.number, line.timestamp, line.text] for line in self._lines]
        return [lines, self._row, self._column, self._held]

    def restore(self, state: list[object]) -> None:
        """Take over the state of another terminal."""
        lines, self._row, self._column, self._held = state  # type: ignore[assignment]
        self._lines = [TerminalLine(*line) for line in lines]  # type: ignore[attr-defined]

    def _put(
        self, piece: str, timestamp: float, changed: dict[int, TerminalLine]
    ) -> None:
        if self._row == len(self._lines):
            self._lines.append(TerminalLine(self._numbers.take(), timestamp, ""))
            if len(self._lines) > WINDOW_LINES:
                del self._lines[0]
                self._row -= 1
        line = self._lines[self._row]
        start, self._column = self._column, self._column + len(piece)
        before = line.text[:start].ljust(start)
        line.text = (before + piece + line.text[self._column :])[:COLUMNS_MAX]
        self._column = min(self._column, COLUMNS_MAX)
        changed[line.number] = line


class LineNumbers:
    """Hands out line numbers, from 0."""

    def __init__(self) -> None:
        self.count = 0

    def take(self) -> int:
        """The next number, once."""
        self.count += 1
        return self.count - 1
