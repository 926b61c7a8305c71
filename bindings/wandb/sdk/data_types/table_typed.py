"""The typed form of a table, in artifacts: `<name>.table.json`, and back.

```
{"_type": "table", "columns": ["img", "loss"], "data": [[{…}, 0.5], …],
 "column_types": {"wb_type": "typedDict", "params": {"type_map": {…}}},
 "ncols": 2, "nrows": 1, "log_mode": "IMMUTABLE"}
```

Arrays of a column lie together in `media/serialized_data/<hash>.npz`, tables that keys
refer to in `media/tables/`, files of media where the media put them.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wandb._terminal import termwarn
from wandb.errors import Error
from wandb.sdk.data_types.base_types.media import artifact_file
from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb.sdk.data_types.column_json import type_from_json, type_to_json
from wandb.sdk.data_types.column_types import (
    TIMESTAMP,
    ArrayType,
    ColumnType,
    ForeignType,
    UnionType,
)
from wandb.sdk.data_types.foreign_values import as_array, is_array
from wandb.sdk.data_types.table_cells import typed_cell
from wandb.sdk.data_types.table_rows import RowLimitExceeded

if TYPE_CHECKING:
    from wandb.sdk.data_types.table import Table
    from wandb.sdk.wandb_settings import Settings

HASH_CHARACTERS = 20


def table_to_json(
    table: "Table", artifact: Any, rows: Sequence[Sequence[Any]] | None = None
) -> dict[str, Any]:
    """The typed form; what the cells refer to is added to the artifact.

    rows: only these, of an incremental table.

    Raises:
        OSError: a file cannot be written.
    """
    cells = limited(table.data if rows is None else rows, table.MAX_ARTIFACT_ROWS)
    arrays = {
        index: _add_arrays(artifact, str(table.columns[index]), cells, index)
        for index, kind in enumerate(table._types)
        if _holds_arrays(kind, cells, index)
    }
    tables: dict[int, str] = {}

    def extra(kind: ColumnType) -> Mapping[str, Any]:
        if isinstance(kind, ForeignType):
            return {"table": _add_table(artifact, kind.table, tables)}
        return {}

    types: dict[str, Any] = {}
    data = [
        [
            None if index in arrays else typed_cell(cell, artifact)
            for index, cell in enumerate(row)
        ]
        for row in cells
    ]
    for index, column in enumerate(table.columns):
        described = type_to_json(table._types[index], extra)
        if index in arrays:
            _name_arrays(described, str(column), arrays[index])
        types[str(column)] = described
    return {
        "_type": table._log_type,
        "columns": table.columns,
        "data": data,
        "ncols": len(table.columns),
        "nrows": len(data),
        "log_mode": table.log_mode,
        "column_types": {"wb_type": "typedDict", "params": {"type_map": types}},
    }


def limited(
    rows: Sequence[Any], rows_max: int, settings: "Settings | None" = None
) -> Sequence[Any]:
    """The first rows, with a warning (or an error, if so set) where there are more.

    settings: of the run; if none, those of the current run.

    Raises:
        RowLimitExceeded: too many, and the setting says to raise.
    """
    if len(rows) <= rows_max:
        return rows
    import wandb

    if settings is None and wandb.run is not None:
        settings = wandb.run._settings
    if settings is not None and settings.table_raise_on_max_row_limit_exceeded:
        raise RowLimitExceeded(
            f"Table row limit exceeded: {len(rows):,} rows, the limit is {rows_max:,}. "
            "Log a part of them, or raise wandb.Table.MAX_ROWS and MAX_ARTIFACT_ROWS."
        )
    termwarn(
        f"Truncating wandb.Table object to {rows_max:,} of its {len(rows):,} rows. To "
        "store more, set wandb.Table.MAX_ARTIFACT_ROWS (MAX_ROWS for what pages show).",
        repeat=False,
    )
    return rows[:rows_max]


def table_from_json(stored: dict[str, Any], source: Any) -> "Table":
    """The table of a typed form.

    source: the artifact, or the directory of its files.

    Raises:
        wandb.Error: it is no table.
    """
    from wandb.sdk.data_types.table import Table

    columns, rows = stored.get("columns"), stored.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise Error("the file holds no table: columns or data are missing")
    described = (stored.get("column_types") or {}).get("params") or {}
    type_map = described.get("type_map") or {}
    log_mode = stored.get("log_mode") or "IMMUTABLE"
    table = Table(columns=columns, allow_mixed_types=True, log_mode=log_mode)
    earlier = stored.get("previous_increments_paths") or []
    rows = [row for path in earlier for row in _increment(path, source)] + rows
    table.data = [list(row) for row in rows]
    for index, column in enumerate(columns):
        if str(column) in type_map:
            _read_column(table, index, type_map[str(column)], source)
    return table


def _read_column(table: "Table", index: int, described: Any, source: Any) -> None:
    kind = _with_tables(type_from_json(described), source)
    table._set_type(index, kind)
    arrays = _read_arrays(described, source)
    allowed = kind.allowed if isinstance(kind, UnionType) else (kind,)
    is_time = TIMESTAMP in allowed
    holds_arrays = any(isinstance(each, ArrayType) for each in allowed)
    for number, row in enumerate(table.data):
        cell = row[index]
        if arrays is not None and number < len(arrays):
            row[index] = arrays[number]
        elif holds_arrays and isinstance(cell, list):
            row[index] = _array(cell)
        elif is_time and isinstance(cell, int | float):
            row[index] = datetime.fromtimestamp(cell / 1000, UTC)
        elif isinstance(cell, dict | list):
            row[index] = _loaded(cell, source)
        if index in table._keys and row[index] is not None:
            row[index] = table._as_key(index, row[index])


def _loaded(cell: Any, source: Any) -> Any:
    """Objects with a type become what they stand for; unknown ones stay as they are."""
    if isinstance(cell, list):
        return [_loaded(item, source) for item in cell]
    if isinstance(cell, dict):
        if isinstance(cell.get("_type"), str):
            made = WBValue.init_from_json(cell, source)
            return cell if made is None else made
        return {key: _loaded(item, source) for key, item in cell.items()}
    return cell


def _with_tables(kind: ColumnType, source: Any) -> ColumnType:
    """Foreign keys and rows with the table that they refer to."""
    if isinstance(kind, ForeignType) and isinstance(kind.table, str):
        stored = json.loads(artifact_file(source, kind.table).read_bytes())
        return ForeignType(kind.name, table_from_json(stored, source), kind.column)
    return kind


def _increment(path: str, source: Any) -> list[list[Any]]:
    """The rows of an earlier increment, which lies in the same artifact."""
    name = path.partition("://")[2].partition("/")[2]
    rows = json.loads(artifact_file(source, name).read_bytes()).get("data")
    return rows if isinstance(rows, list) else []


# ---- arrays and tables beside the table


def _holds_arrays(kind: ColumnType, rows: Sequence[Sequence[Any]], index: int) -> bool:
    allowed = kind.allowed if isinstance(kind, UnionType) else (kind,)
    is_typed = any(isinstance(each, ArrayType) for each in allowed)
    # With a None among them they cannot be stacked: then they stay in the rows.
    return is_typed and bool(rows) and all(is_array(row[index]) for row in rows)


def _add_arrays(
    artifact: Any, column: str, rows: Sequence[Sequence[Any]], index: int
) -> str:
    import numpy as np

    packed = io.BytesIO()
    stacked: dict[str, Any] = {column: np.stack([as_array(row[index]) for row in rows])}
    np.savez_compressed(packed, **stacked)
    content = packed.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:HASH_CHARACTERS]
    name = f"media/serialized_data/{digest}.npz"
    if name not in artifact.manifest.entries:
        with artifact.new_file(name, mode="wb") as file:
            file.write(content)
    return name


def _name_arrays(described: dict[str, Any], column: str, path: str) -> None:
    place = {"path": path, "key": column}
    params = described.get("params") or {}
    for each in [described, *params.get("allowed_types", [])]:
        if each["wb_type"] == "ndarray":
            each["params"]["serialization_path"] = place


def _read_arrays(described: Any, source: Any) -> Any:
    params = (described or {}).get("params") or {}
    for each in [described, *params.get("allowed_types", [])]:
        place = (each.get("params") or {}).get("serialization_path")
        if each.get("wb_type") == "ndarray" and place:
            import numpy as np

            with np.load(artifact_file(source, place["path"])) as packed:
                return packed[place["key"]]
    return None


def _array(cell: list[Any]) -> Any:
    import numpy as np

    return np.array(cell)


def _add_table(artifact: Any, table: Any, added: dict[int, str]) -> str | None:
    if table is None or isinstance(table, str):
        return table
    if id(table) not in added:
        name = f"media/tables/t_{len(added)}_{id(table) & 0xFFFFFFFF:08x}"
        added[id(table)] = artifact.add(table, name).path
    return added[id(table)]
