"""Rows that all have the same keys as one Parquet file, written by DuckDB.

```
piece   step line c0 c1 …          some rows, in the workspace, not compressed
whole   _step  loss   note  ok     all pieces by (step, line), snappy
        int64  double VARCHAR …
```

Unlike the export of `wide_tables`, a column has the type of its values: readers of the
official client must find what the rows say, see `ingest.flat_rows`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wandb_server.model.flat_rows import NAN, NULL, STEP, FlatColumn, FlatRows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS_MAX = 500
"""DuckDB takes n columns of NumPy in O(n²)."""
CELLS_PER_GROUP = 2_000_000
ROWS_PER_GROUP_MIN, ROWS_PER_GROUP_MAX = 2_048, 8_192
"""The official client reads the groups of a page again for each page of 1,000 steps."""
_TYPES = {
    "null": "DOUBLE",
    "int": "BIGINT",
    "wide": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "text": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class FlatPiece:
    """A file with some of the rows; `kinds` by key, in the order of its columns."""

    path: Path
    kinds: Mapping[str, str]


def nameable(keys: Sequence[str]) -> bool:
    """Whether a file can have all of these columns beside `_step`, as they are."""
    folded = {key.casefold() for key in (*keys, STEP)}
    return (
        len(keys) <= COLUMNS_MAX
        and len(folded) == len(keys) + 1
        and all(key and "\0" not in key and _is_text(key) for key in keys)
    )


def write_piece(
    cursor: "DuckDBPyConnection",
    path: Path,
    rows: FlatRows,
    lines: npt.NDArray[np.int64],
) -> FlatPiece:
    """Write some rows; `lines` are their places in the order of arrival."""
    content: dict[str, Any] = {"step": rows.step, "line": lines}
    chosen = ["step", "line"]
    for place, column in enumerate(rows.columns.values()):
        content[f"v{place}"] = column.values
        if column.code is not None:
            content[f"k{place}"] = column.code
        chosen.append(f"{_cell(place, column)} AS c{place}")
    cursor.register("content", content)
    cursor.execute(
        f"COPY (SELECT {', '.join(chosen)} FROM content) TO '{_quoted(path)}'"
        f" (FORMAT parquet, COMPRESSION uncompressed, {_groups(len(chosen))})"
    )
    kinds = {key: column.kind for key, column in rows.columns.items()}
    return FlatPiece(path, kinds)


def write_whole_flat(
    cursor: "DuckDBPyConnection",
    pieces: Sequence[FlatPiece],
    path: Path,
    kinds: Mapping[str, str],
    *,
    in_order: bool,
) -> None:
    """Put the pieces together; `in_order`: they are by (step, line) as they come."""
    names = [f"step AS {STEP}"]
    names += [f"c{place} AS {_named(key)}" for place, key in enumerate(kinds)]
    order = "" if in_order else " ORDER BY step, line"
    all_rows = " UNION ALL ".join(_selected(piece, kinds) for piece in pieces)
    cursor.execute(
        f"COPY (SELECT {', '.join(names)} FROM ({all_rows}){order})"
        f" TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION snappy,"
        f" {_groups(len(names))})"
    )


def _selected(piece: FlatPiece, kinds: Mapping[str, str]) -> str:
    """The piece's columns in the order and with the types of the whole."""
    places = {key: place for place, key in enumerate(piece.kinds)}
    chosen = ["step", "line"]
    chosen += [
        f"c{places[key]}::{_TYPES[kind]} AS c{place}"
        for place, (key, kind) in enumerate(kinds.items())
    ]
    return f"SELECT {', '.join(chosen)} FROM read_parquet('{_quoted(piece.path)}')"


def _cell(place: int, column: FlatColumn) -> str:
    """The value as DuckDB has it: NumPy's NaN would come as null."""
    value = f"v{place}::{_TYPES[column.kind]}"
    if column.code is None:
        return value
    nan = f" WHEN {NAN} THEN 'nan'::DOUBLE" if column.kind == "float" else ""
    return f"CASE k{place} WHEN {NULL} THEN NULL{nan} ELSE {value} END"


def _groups(columns: int) -> str:
    rows = CELLS_PER_GROUP // columns
    rows = min(ROWS_PER_GROUP_MAX, max(ROWS_PER_GROUP_MIN, rows))
    return f"ROW_GROUP_SIZE {rows}"


def _named(key: str) -> str:
    return '"' + key.replace('"', '""') + '"'


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
