"""A few values of every metric, read from the log when a run ends.

```
 log  │▓▓▓░░░░░▓▓▓░░░░░▓▓▓░░░░░▓▓▓│     ▓ windows that are read, WINDOWS of them
```

Nothing is kept for it while the run runs; a log of any length costs the same. A metric
that is logged so seldom that no window meets it is left out.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from wandb_proto import json_codec

from wandb_core.run_state import item_path, item_text
from wandb_core.transaction_log import LogReader
from wandb_core.transaction_log.framing import BLOCK_BYTES

WINDOWS = 48
WINDOW_BYTES = BLOCK_BYTES
KEYS_MAX = 200
VALUES_MAX = 40
"""Of each key in the answer: as many as the line on a terminal has places."""


def sample_history(path: Path, end: int) -> dict[str, list[float]]:
    """Up to VALUES_MAX finite values per key, in the order of the log; blocks.

    Nested keys are joined with dots; the system's own (`_step` …) and the facts about
    media are left out.

    Raises:
        OSError: the log cannot be read.
    """
    found: dict[str, list[float]] = {}
    media: set[str] = set()
    for first, last in _windows(end):
        with LogReader(path, first) as reader:
            while logged := reader.read(last, WINDOW_BYTES):
                for entry in logged:
                    if entry.record.HasField("history"):
                        for item in entry.record.history.item:
                            key = ".".join(item_path(item))
                            if key.endswith("._type"):
                                media.add(key.removesuffix("_type"))
                            _collect(key, item, found)
    return {
        key: _thinned(values)
        for key, values in found.items()
        if not any(key.startswith(prefix) for prefix in media)
    }


def _windows(end: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of bytes, spread evenly, the log's end among them."""
    blocks = -(-end // BLOCK_BYTES)
    if blocks <= WINDOWS:
        yield 0, end
        return
    for index in range(WINDOWS):
        first = index * (blocks - 1) // (WINDOWS - 1) * BLOCK_BYTES
        yield first, min(end, first + WINDOW_BYTES)


def _collect(key: str, item: object, found: dict[str, list[float]]) -> None:
    if key.startswith("_") or (key not in found and len(found) >= KEYS_MAX):
        return
    value = json_codec.loads(item_text(item))  # type: ignore[arg-type]
    if type(value) in (int, float) and math.isfinite(value):
        found.setdefault(key, []).append(float(value))


def _thinned(values: list[float]) -> list[float]:
    count = len(values)
    if count <= VALUES_MAX:
        return values
    return [
        values[place * (count - 1) // (VALUES_MAX - 1)] for place in range(VALUES_MAX)
    ]
