"""History rows as columns that say exactly what the rows say, or not at all.

```
{"_step": 0, "loss": 0.5, "note": "x"}      _step   loss   note
{"_step": 1, "loss": NaN, "note": null}  ─► 0 1     float  text     None: rows that no
                                                                    table can say
```

A reader of a table can tell neither an absent key from a null, nor a dotted key from a
nested one, nor a number from a boolean of the same column. So every row must have the
same keys, and a key values of one kind (null is of any). Whole numbers and others mix
only as far as readers show them alike.
"""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt
from wandb_proto import json_codec

from wandb_server.model.flat_rows import NAN, NULL, PRESENT, STEP, FlatColumn, FlatRows
from wandb_server.model.json_value import Json

STEP_END = 2**53
"""Clients take steps for doubles."""
SMALL_END = 2**31
"""Below, a whole number looks the same whether it is an integer or a double."""
DTYPES = {
    "null": np.float64,
    "int": np.int64,
    "wide": np.int64,
    "float": np.float64,
    "bool": np.bool_,
    "text": np.object_,
}
"""What a column is made of; `wide` are integers of which some are not small."""


def flatten(texts: Sequence[bytes]) -> FlatRows | None:
    """The rows as columns; lines that are no objects are no rows.

    None: the rows cannot be said exactly.
    """
    rows = [row for text in texts if isinstance(row := _parsed(text), dict)]
    if not rows:
        return FlatRows(np.empty(0, np.int64), {})
    keys = rows[0].keys()
    if any(row.keys() != keys for row in rows):
        return None
    steps = _steps(rows)
    if steps is None:
        return None
    columns = {}
    for key in keys:
        if key == STEP:
            continue
        column = _column([row[key] for row in rows])
        if column is None:
            return None
        columns[key] = column
    return FlatRows(steps, columns)


def join_flat(pieces: Sequence[FlatRows]) -> FlatRows | None:
    """All of them behind each other; None: together they cannot be said exactly."""
    pieces = [piece for piece in pieces if len(piece.step)]
    if not pieces:
        return FlatRows(np.empty(0, np.int64), {})
    if any(piece.keys != pieces[0].keys for piece in pieces):
        return None
    columns = {}
    for key in pieces[0].columns:
        column = _joined([piece.columns[key] for piece in pieces])
        if column is None:
            return None
        columns[key] = column
    return FlatRows(np.concatenate([piece.step for piece in pieces]), columns)


def join_kinds(kinds: Sequence[str]) -> str | None:
    """The kind of a column made of columns of these kinds; None: there is none."""
    found = set(kinds) - {"null"}
    if len(found) <= 1:
        return found.pop() if found else "null"
    if found == {"int", "wide"}:
        return "wide"
    return "float" if found == {"int", "float"} else None


def whole_kinds(pieces: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
    """Kinds by key of what is made of pieces with these; None: there is none such."""
    keys = pieces[0].keys()
    if any(piece.keys() != keys for piece in pieces):
        return None
    found = {key: join_kinds([piece[key] for piece in pieces]) for key in keys}
    known = {key: kind for key, kind in found.items() if kind is not None}
    return known if len(known) == len(found) else None


def _steps(rows: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.int64] | None:
    steps = [row.get(STEP) for row in rows]
    if set(map(type, steps)) != {int}:
        return None
    numbers: list[Any] = steps
    if not 0 <= min(numbers) <= max(numbers) < STEP_END:
        return None
    return np.array(numbers, np.int64)


def _parsed(text: bytes) -> Any:
    try:
        return json_codec.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _joined(columns: Sequence[FlatColumn]) -> FlatColumn | None:
    kind = join_kinds([column.kind for column in columns])
    if kind is None:
        return None
    values = np.concatenate([_as_kind(column, kind) for column in columns])
    if all(column.code is None for column in columns):
        return FlatColumn(kind, values, None)
    codes = [
        np.zeros(len(column.values), np.uint8) if column.code is None else column.code
        for column in columns
    ]
    return FlatColumn(kind, values, np.concatenate(codes))


def _as_kind(column: FlatColumn, kind: str) -> npt.NDArray[Any]:
    if column.kind == "null" and kind == "text":
        return np.full(len(column.values), None, dtype=object)
    return column.values.astype(DTYPES[kind])


def _column(values: Sequence[Json]) -> FlatColumn | None:
    types = set(map(type, values))
    code = None
    if NoneType in types:
        types.discard(NoneType)
        nulls = np.fromiter((v is None for v in values), np.bool_, len(values))
        code = np.where(nulls, np.uint8(NULL), np.uint8(PRESENT))
    if not types:
        return FlatColumn("null", np.zeros(len(values)), code)
    if types == {str}:
        return _texts(values, code)
    if types == {bool}:
        return FlatColumn("bool", np.array(values, np.bool_), code)
    if types == {int}:
        return _integers(values, code)
    if types <= {int, float}:
        return _floats(values, code)
    return None


def _texts(
    values: Sequence[Any], code: npt.NDArray[np.uint8] | None
) -> FlatColumn | None:
    try:
        "".join(value for value in values if value is not None).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return FlatColumn("text", cells, code)


def _integers(
    values: Sequence[Any], code: npt.NDArray[np.uint8] | None
) -> FlatColumn | None:
    present = [0 if value is None else value for value in values]
    low, high = min(present), max(present)
    if low < -(2**63) or high >= 2**63:
        return None
    kind = "int" if low > -SMALL_END and high < SMALL_END else "wide"
    return FlatColumn(kind, np.array(present, np.int64), code)


def _floats(
    values: Sequence[Any], code: npt.NDArray[np.uint8] | None
) -> FlatColumn | None:
    if any(type(value) is int and abs(value) >= SMALL_END for value in values):
        return None
    present = [0.0 if value is None else value for value in values]
    numbers = np.array(present, np.float64)
    nan = np.isnan(numbers)
    if nan.any():
        code = np.zeros(len(values), np.uint8) if code is None else code
        code = np.where(nan, np.uint8(NAN), code)
    return FlatColumn("float", numbers, code)
