"""What `finish` shows of a run: a line per metric, its last values, where to look.

```
 Run history:
  acc ▁▁▂▃▅▇█
 loss █▅▃▂▁▁▁

 Run summary:
  acc 0.99
 loss 0.01
```
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VALUE_CHARACTERS_MAX = 60
KEY_CHARACTERS_MAX = 40
DEPTH_MAX = 4
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class EndSummary:
    """Rows of two tables: (key, sparkline) and (key, value), and how many are left out.

    Keys are in the order of the alphabet; nested ones are joined with dots.
    """

    history: tuple[tuple[str, str], ...] = ()
    summary: tuple[tuple[str, str], ...] = ()
    history_left: int = 0
    summary_left: int = 0

    @classmethod
    def of(
        cls,
        history: Mapping[str, Sequence[Any]],
        summary: Mapping[str, Any],
        history_max: int,
        summary_max: int,
    ) -> "EndSummary":
        """At most so many rows of each; keys that begin with `_` are ours."""
        lines = [
            (key, sparkline(values))
            for key, values in sorted(history.items())
            if values and not key.startswith("_")
        ]
        values = sorted(_flat(summary)) if summary_max > 0 else []
        shown_history, shown_summary = max(0, history_max), max(0, summary_max)
        return cls(
            tuple(lines[:shown_history]),
            tuple(values[:shown_summary]),
            max(0, len(lines) - shown_history),
            max(0, len(values) - shown_summary),
        )

    def lines(self) -> Iterator[str]:
        """As text for a terminal; nothing if there is nothing to show."""
        tables = (
            ("Run history:", self.history, self.history_left),
            ("Run summary:", self.summary, self.summary_left),
        )
        for title, rows, left in tables:
            if not rows:
                continue
            yield ""
            yield title
            width = max(len(key) for key, _ in rows)
            yield from (f" {key:>{width}} {value}" for key, value in rows)
            if left:
                yield f" {f'+{left}':>{width}} ..."

    def html(self) -> str:
        """The same as two small tables."""
        from html import escape

        tables = []
        for title, rows in (("history", self.history), ("summary", self.summary)):
            if rows:
                cells = "".join(
                    f"<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>"
                    for key, value in rows
                )
                tables.append(f"<h4>Run {title}:</h4><table>{cells}</table>")
        return "".join(tables)


def sparkline(values: Sequence[Any]) -> str:
    """A bar per value, from the lowest to the highest; what is no number is left out.

    Finite numbers only count; of equal ones all bars are low.
    """
    finite = [
        float(value)
        for value in values
        if isinstance(value, int | float) and math.isfinite(value)
    ]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    # Halved: the span of two floats can be more than a float holds.
    span = high / 2 - low / 2
    if span <= 0:
        return _BARS[0] * len(finite)
    top = len(_BARS) - 1
    return "".join(_BARS[round((v / 2 - low / 2) / span * top)] for v in finite)


def short_value(value: Any) -> str:
    """A value in one short line."""
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    text = text.replace("\n", " ")
    if len(text) > VALUE_CHARACTERS_MAX:
        return text[: VALUE_CHARACTERS_MAX - 1] + "…"
    return text


def _flat(
    summary: Mapping[str, Any], prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, str]]:
    for key, value in summary.items():
        if not prefix and key.startswith("_"):
            continue
        name = f"{prefix}{key}"
        if not isinstance(value, Mapping):
            yield _short_key(name), short_value(value)
        elif "_type" not in value and depth < DEPTH_MAX:  # else: media
            yield from _flat(value, f"{name}.", depth + 1)


def _short_key(key: str) -> str:
    if len(key) <= KEY_CHARACTERS_MAX:
        return key
    return "…" + key[1 - KEY_CHARACTERS_MAX :]
