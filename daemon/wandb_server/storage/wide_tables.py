"""History as a Parquet file with a column per metric, written by DuckDB.

```
part    step row  c0 k0  c1 k1 …      a piece of rows, not compressed, in the workspace
whole   _step  loss  note  opt.lr …   all parts, by (step, row), snappy
        int64  double VARCHAR         null: the row has no such key
```

A number that is not finite is NaN or an infinity in the file, not null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wandb_server.storage.series_questions import stored_key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ABSENT = 255
"""The kind of a cell without a point."""
CELLS_PER_GROUP = 2_000_000
ROWS_PER_GROUP_MIN, ROWS_PER_GROUP_MAX = 2_048, 122_880
STEP = "_step"


@dataclass(frozen=True, slots=True)
class WideRows:
    """Rows as columns: by place in the list of columns."""

    step: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    numbers: Mapping[int, tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]]
    """value and kind; kind as in series files, or ABSENT."""
    texts: Mapping[int, npt.NDArray[Any]]
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

    The file is by key and a scan keeps its order: counting finds the borders, in a
    sixth of the time of a join with the keys.
    """
    names = [stored_key(key) for key in keys]
    wanted = {"path": path, "names": names, "first": rows[0], "end": rows[1]}
    chosen = (
        " FROM read_parquet($path)"
        " WHERE key = ANY($names) AND row >= $first AND row < $end"
    )
    counted = cursor.execute(f"SELECT key, count(*){chosen} GROUP BY key", wanted)
    counts = sorted(counted.fetchall(), key=lambda one: one[0].encode())
    answer = cursor.execute(f"SELECT row, value, kind{chosen}", wanted).fetchnumpy()
    row, value, kind = (np.ma.getdata(answer[n]) for n in ("row", "value", "kind"))
    places = {name: place for place, name in enumerate(names)}
    found: dict[int, KeyPoints] = {}
    first = 0
    for name, count in counts:
        mine = slice(first, first + count)
        found[places[name]] = KeyPoints(row[mine], value[mine], kind[mine])
        first += count
    return found


def write_part(cursor: "DuckDBPyConnection", path: Path, content: WideRows) -> None:
    """Write one piece of rows."""
    columns: dict[str, Any] = {"step": content.step, "row": content.row}
    chosen = ["step", "row"]
    for place, (value, kind) in content.numbers.items():
        columns[f"v{place}"], columns[f"k{place}"] = value, kind
        chosen.append(_number(place))
    for place, texts in content.texts.items():
        columns[f"c{place}"] = texts
        chosen.append(f"c{place}::VARCHAR AS c{place}")
    cursor.register("content", columns)
    cursor.execute(
        f"COPY (SELECT {', '.join(chosen)} FROM content) TO '{_quoted(path)}'"
        f" (FORMAT parquet, COMPRESSION uncompressed, {_groups(len(chosen))})"
    )


def write_whole(
    cursor: "DuckDBPyConnection",
    parts: Sequence[Path],
    path: Path,
    names: Sequence[str],
    *,
    in_order: bool,
) -> None:
    """Put the parts together; `in_order`: they are by (step, row) as they come."""
    chosen = [f"step AS {STEP}"]
    chosen += [f"c{place} AS {_named(name)}" for place, name in enumerate(names)]
    order = "" if in_order else " ORDER BY step, row"
    cursor.execute(
        f"COPY (SELECT {', '.join(chosen)} FROM read_parquet($parts){order})"
        f" TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION snappy,"
        f" {_groups(len(chosen))})",
        {"parts": [str(part) for part in parts]},
    )


def _number(place: int) -> str:
    """The value of a cell as DuckDB has it: NumPy's NaN would come as null."""
    return (
        f"CASE k{place} WHEN 0 THEN v{place} WHEN 1 THEN 'nan'::DOUBLE"
        f" WHEN 2 THEN 'inf'::DOUBLE WHEN 3 THEN '-inf'::DOUBLE END AS c{place}"
    )


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
