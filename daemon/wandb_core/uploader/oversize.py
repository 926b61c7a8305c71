"""Rows too long for a request: the row goes up as a file, its large values as markers.

```
{"loss": 0.5, "big": {"_type": "oversize", "path": "oversize/12.json", "size": 9000017}}
```

The file holds the whole row. Small values stay in the row, so that charts go on.
"""

from typing import Any

from wandb_proto import json_codec

FOLDER = "oversize"
WHOLE_ROW = "_oversize"
"""Stands for all values of a row that has too many of them, each small."""
KEPT_PREFIX = "_"
"""`_step` and its like are never replaced."""

_MARKER_BYTES = 120


def oversize_path(line: int) -> str:
    """Name of the run file that holds the row of this line."""
    return f"{FOLDER}/{line}.json"


def shorten(text: str, bytes_max: int, path: str = "") -> str:
    """The JSON object with its largest values replaced until it fits.

    Deterministic. Without a path the markers name only the size.
    """
    fields: dict[str, Any] = json_codec.loads(text)
    sizes = {key: len(json_codec.dumps(value)) for key, value in fields.items()}
    total = len(text.encode())
    largest_first = sorted(
        (key for key in fields if not key.startswith(KEPT_PREFIX)),
        key=lambda key: (-sizes[key], key),
    )
    for key in largest_first:
        if total <= bytes_max or sizes[key] <= _MARKER_BYTES:
            break
        fields[key] = _marker(sizes[key], path)
        total -= sizes[key] - _MARKER_BYTES
    if total > bytes_max:
        fields = {key: fields[key] for key in fields if key.startswith(KEPT_PREFIX)}
        fields[WHOLE_ROW] = _marker(len(text.encode()), path)
    return json_codec.dumps(fields).decode()


def _marker(size: int, path: str) -> dict[str, object]:
    marker: dict[str, object] = {"_type": "oversize", "size": size}
    return marker | {"path": path} if path else marker
