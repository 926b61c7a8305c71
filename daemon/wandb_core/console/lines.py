"""The numbered lines that both output streams of a run make together."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wandb_proto import json_codec

from wandb_core.console.terminal import LineNumbers, Terminal, TerminalLine


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One line as it is now. `timestamp` is that of its creation, unix seconds."""

    number: int
    is_stderr: bool
    timestamp: float
    text: str

    def plain(self, label: str = "") -> str:
        """`[ERROR ]<timestamp> [<label> ]<text>`, as servers keep it."""
        level = "ERROR " if self.is_stderr else ""
        mark = f"[{label}] " if label else ""
        return f"{level}{_timestamp_text(self.timestamp)} {mark}{self.text}"

    def structured(self, label: str = "") -> str:
        """The same as a JSON object, for servers that announce structured logs."""
        fields = {"ts": _timestamp_text(self.timestamp), "content": self.text}
        if self.is_stderr:
            fields["level"] = "error"
        if label:
            fields["label"] = label
        return json_codec.dumps(fields).decode()


class ConsoleLines:
    """Turns writes into numbered lines and remembers which ones changed.

    Bounded: the last lines of each stream, plus what changed since the last take.
    """

    def __init__(self) -> None:
        self._numbers = LineNumbers()
        self._terminals = {
            False: Terminal(self._numbers),
            True: Terminal(self._numbers),
        }
        self._changed: dict[int, tuple[bool, TerminalLine]] = {}

    @property
    def count(self) -> int:
        """Lines so far."""
        return self._numbers.count

    def write(self, is_stderr: bool, text: str, timestamp: float) -> None:
        """Take the raw text of one write of one stream."""
        changed = self._terminals[is_stderr].write(text, timestamp)
        for number, line in changed.items():
            self._changed[number] = (is_stderr, line)

    def take_lines(self) -> list[ConsoleLine]:
        """The lines that changed since the last take, by number."""
        changed, self._changed = self._changed, {}
        return [
            ConsoleLine(number, is_stderr, line.timestamp, line.text)
            for number, (is_stderr, line) in sorted(changed.items())
        ]

    def take_changes(
        self, *, label: str = "", structured: bool = False
    ) -> list[tuple[int, list[str]]]:
        """The same as text, in contiguous ranges: (first line, lines)."""
        ranges: list[tuple[int, list[str]]] = []
        for line in self.take_lines():
            text = line.structured(label) if structured else line.plain(label)
            if ranges and ranges[-1][0] + len(ranges[-1][1]) == line.number:
                ranges[-1][1].append(text)
            else:
                ranges.append((line.number, [text]))
        return ranges

    def state(self) -> dict[str, Any]:
        """Everything but the untaken changes, as JSON-able values."""
        return {
            "count": self._numbers.count,
            "stdout": self._terminals[False].state(),
            "stderr": self._terminals[True].state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave; nothing counts as changed."""
        self._numbers.count = state["count"]
        self._terminals[False].restore(state["stdout"])
        self._terminals[True].restore(state["stderr"])
        self._changed.clear()


def _timestamp_text(timestamp: float) -> str:
    """UTC with microseconds and without a zone, whatever the clock said."""
    try:
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06d}"
