"""A few values of every metric, read from the log when a run ends.

```
 log  │▓▓░░░░░░▓▓░░░░░░▓▓░░░░░░▓▓▓▓│   ▓ read first: the beginning of each window
      │  ▒▒▒▒    ▒▒▒▒              │   ▒ then the rest of them, while there is time
```

Nothing is kept for it while the run runs, and a log of any length costs the same. A
metric that is logged so seldom that nothing read meets it is left out.
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wandb_proto import json_codec

from wandb_core.run_state import item_path, item_text
from wandb_core.transaction_log import LogReader
from wandb_core.transaction_log.framing import BLOCK_BYTES

WINDOWS = 48
WINDOW_BYTES = BLOCK_BYTES
FIRST_BYTES = 4096
STRIDE = 6
WHOLE_BYTES = 4 * BLOCK_BYTES
"""A log that is no longer is read whole, whatever it takes."""
KEYS_MAX = 200
VALUES_MAX = 40
"""Of each key in the answer: as many as the line on a terminal has places."""
BUDGET_S = 0.05
"""Somebody waits for the end of the run."""

_Found = dict[str, list[tuple[int, float]]]
"""Values of each key with their places in the log."""


def sample_history(
    path: Path, end: int, clock: Callable[[], float] = time.monotonic
) -> dict[str, list[float]]:
    """Up to VALUES_MAX finite values per key, in the order of the log; blocks.

    Nested keys are joined with dots; the system's own (`_step` …) and the facts about
    media are left out.

    Raises:
        OSError: the log cannot be read.
    """
    found: _Found = {}
    media: set[str] = set()
    until = clock() + BUDGET_S
    for first, last in _windows(end):
        _read(path, first, min(first + FIRST_BYTES, last), found, media)
    windows = list(_windows(end))
    for start in reversed(range(STRIDE)):  # wherever the time ends, it was spread
        for first, last in windows[start::STRIDE]:
            if end <= WHOLE_BYTES or clock() < until:
                _read(path, first, last, found, media)
    return {
        key: _thinned([value for _, value in sorted(set(values))])
        for key, values in found.items()
        if not any(key.startswith(prefix) for prefix in media)
    }


def _read(path: Path, first: int, last: int, found: _Found, media: set[str]) -> None:
    with LogReader(path, first) as reader:
        while logged := reader.read(last, WINDOW_BYTES):
            for entry in logged:
                if entry.record.HasField("history"):
                    for item in entry.record.history.item:
                        key = ".".join(item_path(item))
                        if key.endswith("._type"):
                            media.add(key.removesuffix("_type"))
                        _collect(key, item, entry.offset, found)


def _windows(end: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of bytes, spread evenly; one ends where the log does."""
    blocks = -(-end // BLOCK_BYTES)
    count = min(blocks, WINDOWS)
    for index in range(count):
        first = index * (blocks - 1) // max(1, count - 1) * BLOCK_BYTES
        yield first, min(end, first + WINDOW_BYTES)
    if end % BLOCK_BYTES > FIRST_BYTES:
        yield end - end % BLOCK_BYTES, end


def _collect(key: str, item: object, place: int, found: _Found) -> None:
    if key.startswith("_") or (key not in found and len(found) >= KEYS_MAX):
        return
    value = json_codec.loads(item_text(item))  # type: ignore[arg-type]
    if type(value) in (int, float) and math.isfinite(value):
        found.setdefault(key, []).append((place, float(value)))


def _thinned(values: list[float]) -> list[float]:
    count = len(values)
    if count <= VALUES_MAX:
        return values
    return [
        values[place * (count - 1) // (VALUES_MAX - 1)] for place in range(VALUES_MAX)
    ]
