"""History as a Parquet file with a column per metric, written by DuckDB.

```
_step  loss  note  opt.lr …   by (step, row), snappy
int64  double VARCHAR         null: the row has no such key
```

A number that is not finite is NaN or an infinity in the file, not null.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nanoarrow
import numpy as np
import numpy.typing as npt

from wandb_server.errors import QueryError
from wandb_server.storage.arrow_stream import ArrowStream
from wandb_server.storage.series_questions import stored_key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from nanoarrow.c_array import CArray
    from nanoarrow.c_schema import CSchema

ABSENT = 255
"""The kind of a cell without a point."""
CELLS_PER_GROUP = 2_000_000
ROWS_PER_GROUP_MIN, ROWS_PER_GROUP_MAX = 2_048, 122_880
STEP = "_step"
_SPECIAL = {1: math.nan, 2: math.inf, 3: -math.inf}
"""Values by kind, see `storage.tables`."""


@dataclass(frozen=True, slots=True)
class WideColumns:
    """The keys of a file; `texts` are the places of those that are not all numbers."""

    names: Sequence[str]
    texts: frozenset[int]


@dataclass(frozen=True, slots=True)
class WideRows:
    """Rows as columns: by place in the list of columns."""

    step: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    numbers: dict[int, tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]]
    """value and kind; kind as in series files, or ABSENT."""
    texts: dict[int, npt.NDArray[Any]]
    """JSON, None where the row has none."""


@dataclass(frozen=True, slots=True)
class KeyPoints:
    """Points of one key."""

    row: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    kind: npt.NDArray[np.uint8]


def points_of_rows(
    cursor: "DuckDBPyConnection",
    path: str,
    keys: Sequence[str],
    rows: tuple[int, int],
) -> Mapping[int, KeyPoints]:
    """Points of rows in [first, end), by the key's place.

    The file is by key and a scan keeps its order: counting finds the borders of several
    keys, in a sixth of the time of a join with them.
    """
    names = [stored_key(key) for key in keys]
    wanted = {"path": path, "names": names, "first": rows[0], "end": rows[1]}
    chosen = (
        " FROM read_parquet($path)"
        " WHERE key = ANY($names) AND row >= $first AND row < $end"
    )
    if len(names) == 1:
        return {0: _points(cursor, chosen, wanted)}
    counted = cursor.execute(f"SELECT key, count(*){chosen} GROUP BY key", wanted)
    counts = sorted(counted.fetchall(), key=lambda one: one[0].encode())
    points = _points(cursor, chosen, wanted)
    places = {name: place for place, name in enumerate(names)}
    found: dict[int, KeyPoints] = {}
    first = 0
    for name, count in counts:
        mine = slice(first, first + count)
        found[places[name]] = KeyPoints(
            points.row[mine], points.value[mine], points.kind[mine]
        )
        first += count
    return found


def write_wide(
    cursor: "DuckDBPyConnection",
    path: Path,
    columns: WideColumns,
    batches: Iterator[WideRows],
    *,
    in_order: bool,
) -> None:
    """Write the file; `in_order`: the rows are by (step, row) as they come.

    Raises:
        QueryError: hundreds of columns and 100,000 rows, which cannot be sorted.
        Exception: what the iterator raised.
    """
    import duckdb

    chosen = [f"step AS {STEP}"]
    chosen += [f"c{at} AS {_named(name)}" for at, name in enumerate(columns.names)]
    order = "" if in_order else " ORDER BY step, row"
    schema = _schema(columns)
    stream = ArrowStream(schema, (_batch(schema, rows) for rows in batches))
    cursor.register("rows", stream)
    try:
        cursor.execute(
            f"COPY (SELECT {', '.join(chosen)} FROM rows{order}) TO '{_quoted(path)}'"
            f" (FORMAT parquet, COMPRESSION snappy, {_groups(len(chosen))})"
        )
    except duckdb.OutOfMemoryException as error:
        raise QueryError(
            "export",
            f"the run has {len(columns.names)} metrics and steps that go back: sorting "
            "it takes more memory than the server has for it; scan_history(keys=[…]) "
            "reads chosen metrics",
        ) from error
    except Exception:
        if stream.error is not None:
            raise stream.error from None
        raise
    finally:
        cursor.unregister("rows")


def _points(
    cursor: "DuckDBPyConnection", chosen: str, wanted: Mapping[str, Any]
) -> KeyPoints:
    answer = cursor.execute(f"SELECT row, value, kind{chosen}", wanted).fetchnumpy()
    return KeyPoints(*(np.ma.getdata(answer[n]) for n in ("row", "value", "kind")))


def _schema(columns: WideColumns) -> "CSchema":
    fields = {"step": nanoarrow.int64(), "row": nanoarrow.int64()}
    for place in range(len(columns.names)):
        is_text = place in columns.texts
        fields[f"c{place}"] = nanoarrow.string() if is_text else nanoarrow.float64()
    return nanoarrow.c_schema(nanoarrow.struct(fields))


def _batch(schema: "CSchema", rows: WideRows) -> "CArray":
    columns = [
        _array(nanoarrow.int64(), rows.step),
        _array(nanoarrow.int64(), rows.row),
    ]
    for place in range(len(rows.numbers) + len(rows.texts)):
        if place in rows.texts:
            texts = rows.texts[place].tolist()
            columns.append(nanoarrow.c_array(texts, nanoarrow.string()))
        else:
            columns.append(_doubles(*rows.numbers[place]))
    count = len(rows.step)
    return nanoarrow.c_array_from_buffers(schema, count, [None], children=columns)


def _doubles(value: npt.NDArray[np.float64], kind: npt.NDArray[np.uint8]) -> "CArray":
    validity = None
    if kind.any():
        value = value.copy()
        for code, number in _SPECIAL.items():
            value[kind == code] = number
        present = kind != ABSENT
        if not present.all():
            validity = np.packbits(present, bitorder="little")
    return _array(nanoarrow.float64(), value, validity)


def _array(
    kind: nanoarrow.Schema, values: npt.NDArray[Any], validity: Any = None
) -> "CArray":
    return nanoarrow.c_array_from_buffers(kind, len(values), [validity, values])


def _groups(columns: int) -> str:
    rows = CELLS_PER_GROUP // columns
    rows = min(ROWS_PER_GROUP_MAX, max(ROWS_PER_GROUP_MIN, rows))
    return f"ROW_GROUP_SIZE {rows}"


def _named(key: str) -> str:
    """The key as an SQL name, which can neither be empty nor hold a NUL."""
    text = stored_key(key).replace("\0", "\\0") or "(empty)"
    return '"' + text.replace('"', '""') + '"'


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
