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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from wandb_proto import json_codec

from wandb_server.ingest.key_facts import KeyFacts, facts_of, join_facts, type_of
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.json_value import Json

FINITE, NAN, POSITIVE_INFINITY, NEGATIVE_INFINITY = range(4)
STEP_MAX = 2**63 - 1
DEPTH_MAX = 32
"""Objects nested deeper are leaves."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]


class ReceivedLine(NamedTuple):
    """One line as it will be stored; `step` is None if it is no JSON object.

    A tuple: posts have hundreds of them, and a dataclass costs three times as much.
    """

    line: int
    text: bytes
    step: int | None


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one key. `value` of a point that is not finite means nothing."""

    index: Integers
    value: Floats
    kind: Kinds


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
    runtimes: list[float] = []
    timestamps: list[float] = []
    cells: dict[str, tuple[list[int], list[Any]]] = {}
    for index, (row, step, text) in enumerate(lines):
        document = parse_row(text)
        rows.append(row)
        steps.append(step)
        runtimes.append(_axis(document.get("_runtime")))
        timestamps.append(_axis(document.get("_timestamp")))
        _collect(document, index, cells)
    points: dict[str, Points] = {}
    facts: dict[str, KeyFacts] = {}
    for key, (indices, values) in cells.items():
        found = _points(indices, values)
        if found is not None:
            points[key] = found
        facts[key] = facts_of(values, found)
    return ParsedRows(
        row=np.array(rows, np.int64),
        step=np.array(steps, np.int64),
        runtime=np.array(runtimes, np.float64),
        timestamp=np.array(timestamps, np.float64),
        points=points,
        facts=facts,
    )


def parse_row(text: bytes | str) -> Mapping[str, Json]:
    """The row as an object; empty for anything else."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogatepass")
        document = json_codec.loads(text)
    except (ValueError, RecursionError):
        return {}
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


def _axis(value: Json) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _float(value)
    return math.nan


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _collect(
    row: Mapping[str, Json], index: int, cells: dict[str, tuple[list[int], list[Any]]]
) -> None:
    """Append every leaf to its key's cells; of two same keys the last wins."""
    stack: list[tuple[str, Mapping[str, Json], int]] = [("", row, 0)]
    while stack:
        prefix, mapping, depth = stack.pop()
        for name, value in mapping.items():
            key = prefix + name
            if (
                type(value) is dict
                and value
                and "_type" not in value
                and depth < DEPTH_MAX
            ):
                stack.append((key + ".", value, depth + 1))
                continue
            cell = cells.get(key)
            if cell is None:
                cells[key] = ([index], [value])
            elif cell[0][-1] == index:
                cell[1][-1] = value
            else:
                cell[0].append(index)
                cell[1].append(value)


def _points(indices: list[int], values: list[Any]) -> Points | None:
    """The numbers among the values; None if there is none."""
    types = set(map(type, values))
    if not types <= {int, float, bool}:
        kept = [at for at, value in enumerate(values) if type_of(value) == "number"]
        if not kept:
            return None
        indices = [indices[at] for at in kept]
        values = [values[at] for at in kept]
    try:
        value = np.array(values, np.float64)
    except OverflowError:
        value = np.array([_float(value) for value in values], np.float64)
    kind = np.zeros(len(value), np.uint8)
    if not np.isfinite(value).all():
        kind[np.isnan(value)] = NAN
        kind[value == math.inf] = POSITIVE_INFINITY
        kind[value == -math.inf] = NEGATIVE_INFINITY
    return Points(np.array(indices, np.int64), value, kind)
