"""History rows: the step of a line when it arrives, its numbers when it is asked for.

```
lines   {"_step":3,"loss":0.5,"opt":{"lr":0.1},"note":"x"}       n lines
rows    row[n] step[n] runtime[n] timestamp[n]
points  loss   -> index[m] value[m] kind[m]        index points into rows
        opt.lr -> ...
facts   loss   -> types {number: m}, monotonic, last, ...         every key
```

Nested keys are dotted; an object with `_type` (media) and an empty one are leaves.
Numbers and booleans are points; NaN and infinities are points of another kind.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from wandb_proto import json_codec

from wandb_server.ingest.columns import Points, RowColumns
from wandb_server.ingest.key_facts import KeyFacts, join_facts
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.json_value import Json

STEP_MAX = 2**63 - 1

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class ReceivedLine(NamedTuple):
    """One line as it will be stored; `step` is None if it is no JSON object.

    A tuple: posts have hundreds of them, and a dataclass costs three times as much.
    """

    line: int
    text: bytes
    step: int | None


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """Rows as columns. Immutable; `join_rows` makes longer ones."""

    row: Integers
    step: Integers
    runtime: Floats
    timestamp: Floats
    points: Mapping[str, Points]
    facts: Mapping[str, KeyFacts]

    @property
    def row_count(self) -> int:
        """How many rows."""
        return len(self.row)


def read_lines(chunk: FileChunk) -> list[ReceivedLine]:
    """Find every line's step: `_step`, or the line number where a row has none."""
    return [
        ReceivedLine(line, text.encode("utf-8", "surrogatepass"), _step_of(text, line))
        for line, text in enumerate(chunk.lines, chunk.first_line)
    ]


def parse_rows(lines: Iterable[tuple[int, int, bytes]]) -> ParsedRows:
    """Columns of (row, step, text) triples whose texts are JSON objects."""
    rows: list[int] = []
    steps: list[int] = []
    columns = RowColumns()
    for index, (row, step, text) in enumerate(lines):
        rows.append(row)
        steps.append(step)
        columns.add(index, parse_row(text))
    points, facts = columns.finish()
    return ParsedRows(
        row=np.array(rows, np.int64),
        step=np.array(steps, np.int64),
        runtime=_axis(points.get("_runtime"), len(rows)),
        timestamp=_axis(points.get("_timestamp"), len(rows)),
        points=points,
        facts=facts,
    )


def parse_row(text: bytes | str) -> Mapping[str, Json]:
    """The row as an object; empty for anything else."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = _parse_slowly(text)
    return document if isinstance(document, dict) else {}


def join_rows(first: ParsedRows, second: ParsedRows) -> ParsedRows:
    """`second` behind `first`. O(rows + keys)."""
    shift = first.row_count
    points = dict(first.points)
    for key, more in second.points.items():
        known = points.get(key)
        index = more.index + shift
        points[key] = (
            Points(index, more.value, more.kind)
            if known is None
            else Points(
                np.concatenate([known.index, index]),
                np.concatenate([known.value, more.value]),
                np.concatenate([known.kind, more.kind]),
            )
        )
    return ParsedRows(
        row=np.concatenate([first.row, second.row]),
        step=np.concatenate([first.step, second.step]),
        runtime=np.concatenate([first.runtime, second.runtime]),
        timestamp=np.concatenate([first.timestamp, second.timestamp]),
        points=points,
        facts=join_facts(first.facts, second.facts),
    )


def same_json(left: Json, right: Json) -> bool:
    """Equal as JSON: NaN equals NaN, 1 equals 1.0, true does not equal 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same_json(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return bool(left == right)


def holds_key(row: Mapping[str, Json], key: str) -> bool:
    """True if the row has the dotted key, literally or nested; null counts."""
    if key in row:
        return True
    parts = key.split(".")
    return any(
        isinstance(inner := row.get(".".join(parts[:cut])), dict)
        and holds_key(inner, ".".join(parts[cut:]))
        for cut in range(1, len(parts))
    )


def value_at(row: Mapping[str, Json], key: str) -> Json:
    """The value at a dotted key; None if absent."""
    if key in row:
        return row[key]
    parts = key.split(".")
    for cut in range(1, len(parts)):
        inner = row.get(".".join(parts[:cut]))
        rest = ".".join(parts[cut:])
        if isinstance(inner, dict) and holds_key(inner, rest):
            return value_at(inner, rest)
    return None


def _step_of(text: str, line: int) -> int | None:
    try:
        document = json_codec.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    step = document.get("_step")
    if isinstance(step, float) and step.is_integer():
        step = int(step)
    if isinstance(step, bool) or not isinstance(step, int) or abs(step) > STEP_MAX:
        return line
    return step


def _parse_slowly(text: bytes | str) -> Json:
    """Bare NaN, lone surrogates; None for what is no JSON even so."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogatepass")
        return json_codec.loads(text)
    except (ValueError, RecursionError):
        return None


def _axis(points: Points | None, row_count: int) -> Floats:
    """The values by row, NaN where there is none."""
    values = np.full(row_count, math.nan)
    if points is not None:
        values[points.index] = points.value
    return values
