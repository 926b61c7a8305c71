"""`wandb.Table`: rows and columns with types, media in the cells.

```
Table(...)  add_data  add_column …     in memory, types checked at once
   │ log()                table_log     media form as a file of the run,
   │                                    typed form in an artifact of type run_table
   │ artifact.add()       table_typed   typed form alone
   ▼ artifact.get()       table_typed   the table again
```
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from wandb.sdk.data_types.base_types.media import Media, is_artifact
from wandb.sdk.data_types.column_types import (
    ANY,
    PRIMARY_KEY,
    UNKNOWN,
    ColumnType,
    DictType,
    ForeignType,
    fits,
    from_dtype,
    optional,
    quick_classes,
    type_of,
)
from wandb.sdk.data_types.foreign_values import is_array, is_numpy_scalar
from wandb.sdk.data_types.table_keys import TableIndex, TableKey
from wandb.sdk.data_types.table_rows import (
    frame_rows,
    is_dataframe,
    rows_of,
    same_cells,
    short_text,
)

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_logger = logging.getLogger(__name__)

LOG_MODES = ("IMMUTABLE", "MUTABLE", "INCREMENTAL")
DEFAULT_COLUMNS = ("Input", "Output", "Expected")

Column = str | int


class Table(Media):
    """A table. Each column takes cells of one type, or None, unless told otherwise."""

    MAX_ROWS = 10000
    """Rows in the file that pages read."""
    MAX_ARTIFACT_ROWS = 200000
    """Rows in an artifact."""

    _log_type: ClassVar[str] = "table"
    _kind: ClassVar[str] = "table"

    def __init__(
        self,
        columns: Sequence[Column] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | list[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: str = "IMMUTABLE",
    ) -> None:
        """Columns default to Input, Output, Expected, or to those of a DataFrame.

        data: a list of rows, a 2-d array or a DataFrame; `rows` is its old name.
        dtype: type of the cells, one for all columns or one for each; else inferred.
        optional: whether None is taken, for all columns or for each.

        Raises:
            TypeError: cells of one column differ in type.
            ValueError: a row is too long or too short.
            AssertionError: an argument that cannot be; the text names it.
        """
        super().__init__()
        assert log_mode in LOG_MODES, (
            f"Invalid log_mode: {log_mode}. Must be one of {list(LOG_MODES)}"
        )
        self.log_mode = log_mode
        self.columns: list[Column] = []
        self.data: list[list[Any]] = []
        self._types: list[ColumnType] = []
        self._quick: list[frozenset[type]] = []
        self._keys: list[int] = []
        """Columns whose cells are keys or rows of tables."""
        self._generation = 0
        """Changes so far: says whether what was logged is still this table."""
        self._logged: Any = None
        """What `table_log` remembers of this table."""
        if allow_mixed_types:
            dtype = ANY
        frame = dataframe if dataframe is not None else data
        if dataframe is not None or is_dataframe(data):
            assert is_dataframe(frame), "dataframe argument expects a pandas DataFrame"
            data, columns = frame_rows(frame), list(frame.columns)
        elif data is None:
            data = rows
        given = list(DEFAULT_COLUMNS) if columns is None else columns
        self._set_columns(given, dtype, optional)
        for row in rows_of(data) if data is not None else ():
            self.add_data(*row)

    # ---- filling it

    def add_data(self, *data: Any) -> None:
        """Add a row.

        Raises:
            TypeError: a cell does not fit into its column.
            ValueError: not one cell per column.
        """
        if len(data) != len(self.columns):
            raise ValueError(
                f"This table expects {len(self.columns)} columns: "
                f"{self.columns}, found {len(data)}"
            )
        for index, cell in enumerate(data):
            if type(cell) not in self._quick[index]:
                self._take(index, cell)
        row = list(data)
        for index in self._keys:
            row[index] = self._as_key(index, row[index])
        self.data.append(row)
        self._generation += 1

    def add_row(self, *row: Any) -> None:
        """The old name of `add_data`."""
        _logger.warning("add_row is deprecated, use add_data")
        self.add_data(*row)

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        """Add a column: one cell for each row there is.

        Raises:
            AssertionError: the name is taken or no string, or the length differs.
            TypeError: the cells differ in type.
        """
        is_new = isinstance(name, str) and name not in self.columns
        assert is_new, f"add_column() needs a new name, a string; {name!r} is not"
        assert isinstance(data, list) or is_array(data), (
            f"add_column() takes a list or an array, not {type(data).__name__}"
        )
        cells = list(data)
        assert not self.data or len(cells) == len(self.data), (
            f"Expected length {len(self.data)}, found {len(cells)}"
        )
        kind = _grown(_column_type(None, optional), cells, name)
        self.columns.append(name)
        self._types.append(kind)
        self._quick.append(frozenset())
        self._set_type(len(self._types) - 1, kind)
        if not self.data and len(self.columns) == 1:
            self.data = [[] for _ in cells]
        for row, cell in zip(self.data, cells, strict=True):
            row.append(cell)
        self._generation += 1

    def add_computed_columns(
        self, fn: Callable[[int, dict[Column, Any]], dict[str, Any]]
    ) -> None:
        """Add the columns that `fn(index, {column: cell})` returns for each row."""
        computed: dict[str, list[Any]] = {}
        for index, row in self.iterrows():
            made = fn(index, dict(zip(self.columns, row, strict=True)))
            for key, cell in made.items():
                computed.setdefault(key, []).append(cell)
        for key, cells in computed.items():
            self.add_column(key, cells)

    # ---- reading it

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """(index, row) of each row; `index.get_row()` gives it as a dict."""
        for number, row in enumerate(self.data):
            yield self.index_ref(number), row

    def get_index(self) -> list[TableIndex]:
        """Row numbers for use in another table's cells."""
        return [self.index_ref(number) for number in range(len(self.data))]

    def index_ref(self, index: int) -> TableIndex:
        """One row's number, for use in another table's cell."""
        assert 0 <= index < len(self.data), (
            f"the table has no row {index}, only {len(self.data)}"
        )
        reference = TableIndex(index)
        reference.set_table(self)
        return reference

    def get_column(self, name: Column, convert_to: str | None = None) -> Any:
        """The cells of a column as a list; `convert_to="numpy"` as an array."""
        assert name in self.columns, f"no column {name!r}; there are {self.columns}"
        assert convert_to in (None, "numpy"), "convert_to may be 'numpy'"
        index = self.columns.index(name)
        cells = [row[index] for row in self.data]
        if convert_to == "numpy":
            import numpy as np

            return np.array(cells)
        return cells

    def get_dataframe(self) -> Any:
        """A pandas DataFrame of the table."""
        import pandas as pd

        return pd.DataFrame.from_records(self.data, columns=self.columns)

    # ---- types

    def column_type(self) -> ColumnType:
        """The type of a cell that holds this table."""
        from wandb.sdk.data_types.column_types import NestedTableType

        return NestedTableType(columns=self.column_types())

    def column_types(self) -> DictType:
        """The types of all columns."""
        names = map(str, self.columns)
        return DictType(dict(zip(names, self._types, strict=True)))

    def type_of_column(self, name: Column) -> ColumnType:
        """The type of one column."""
        return self._types[self.columns.index(name)]

    def cast(self, col_name: Column, dtype: Any, optional: bool = False) -> ColumnType:
        """Set the type of a column.

        Raises:
            TypeError: a cell that is there does not fit.
            AssertionError: there is no such column.
        """
        assert col_name in self.columns, (
            f"no column {col_name!r}; there are {self.columns}"
        )
        index = self.columns.index(col_name)
        wanted = from_dtype(dtype)
        kind = _column_type(wanted, optional)
        for row in self.data:
            grown = fits(kind, row[index])
            if grown is None:
                raise TypeError(
                    f"Existing data {short_text(row[index])}, of type "
                    f"{type_of(row[index])} cannot be cast to {kind}"
                )
            kind = grown
        self._set_type(index, kind)
        if index in self._keys:
            for row in self.data:
                row[index] = self._as_key(index, row[index])
        self._generation += 1
        return kind

    def set_pk(self, col_name: Column) -> None:
        """Make a column of strings the primary key."""
        assert col_name in self.columns, (
            f"no column {col_name!r}; there are {self.columns}"
        )
        self.cast(col_name, PRIMARY_KEY)

    def set_fk(self, col_name: Column, table: "Table", table_col: Column) -> None:
        """Make a column of strings keys of another table's column."""
        assert table_col in table.columns, (
            f"no column {table_col!r}; there are {table.columns}"
        )
        self.cast(col_name, ForeignType("foreignKey", table, table_col))

    # ---- storing it

    def bind_to_run(
        self, run: "Run", key: str, step: int | str, id_: Any = None
    ) -> None:
        """Write the file of the run and the artifact, unless they are there already.

        Raises:
            OSError: the file cannot be written.
            ValueError: more rows than MAX_ROWS, where the setting says to raise.
        """
        from wandb.sdk.data_types.table_log import log_table

        self._logged = log_table(self, run, key, step)

    def to_json(self, run_or_artifact: Any) -> dict[str, Any]:
        """The object for a row, or the typed form for an artifact."""
        if is_artifact(run_or_artifact):
            from wandb.sdk.data_types.table_typed import table_to_json

            return table_to_json(self, run_or_artifact)
        if self._logged is None:
            raise ValueError("Table belongs to no run yet: log it")
        return dict(self._logged.stored)

    @classmethod
    def from_json(cls, json_obj: dict[str, Any], source_artifact: Any) -> "Table":
        """The table of a typed form; media cells are loaded when first used."""
        from wandb.sdk.data_types.table_typed import table_from_json

        return table_from_json(json_obj, source_artifact)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        if self.columns != other.columns or len(self.data) != len(other.data):
            return False
        rows = zip(self.data, other.data, strict=True)
        return all(same_cells(row, theirs) for row, theirs in rows)

    __hash__ = object.__hash__

    # ---- inside

    def _set_columns(self, columns: Any, dtype: Any, optional: Any) -> None:
        assert isinstance(columns, list | tuple) or is_array(columns), (
            "columns argument expects a `list` object"
        )
        names = [name.item() if hasattr(name, "item") else name for name in columns]
        assert all(isinstance(name, str | int) for name in names), (
            "columns argument expects list of strings or ints"
        )
        many = len(names)
        dtypes = list(dtype) if isinstance(dtype, list | tuple) else [dtype] * many
        maybe = list(optional) if isinstance(optional, list | tuple) else [optional]
        maybe = maybe * many if len(maybe) == 1 else maybe
        assert len(dtypes) == many, f"dtype: {len(dtypes)} types for {many} columns"
        assert len(maybe) == many, f"optional: {len(maybe)} flags for {many} columns"
        self.columns = names
        self._types = [UNKNOWN] * many
        self._quick = [frozenset()] * many
        for index, (each, flag) in enumerate(zip(dtypes, maybe, strict=True)):
            kind = None if each is None else from_dtype(each)
            self._set_type(index, _column_type(kind, bool(flag)))

    def _take(self, index: int, cell: Any) -> None:
        """Grow the column's type by a cell.

        Raises:
            TypeError: it does not fit.
        """
        kind = self._types[index]
        grown = fits(kind, cell)
        if grown is None:
            raise TypeError(
                "Data row contained incompatible types: column "
                f"{self.columns[index]!r} holds {kind}, and row {len(self.data)} has "
                f"{short_text(cell)} of type {type_of(cell)}. Convert the value, or "
                "make the table with allow_mixed_types=True."
            )
        if grown is not kind:
            # A column of rows of another table holds nothing else, not even None.
            rows = cell.column_type() if isinstance(cell, TableIndex) else None
            self._set_type(index, rows or grown)
        elif is_numpy_scalar(cell):
            self._quick[index] |= {type(cell)}

    def _set_type(self, index: int, kind: ColumnType) -> None:
        self._types[index] = kind
        is_key = kind is PRIMARY_KEY or isinstance(kind, ForeignType)
        if is_key and index not in self._keys:
            self._keys.append(index)
        # Cells of keys are wrapped anyway.
        self._quick[index] = frozenset() if is_key else quick_classes(kind)

    def _as_key(self, index: int, cell: Any) -> Any:
        kind = self._types[index]
        if isinstance(kind, ForeignType) and kind.name == "foreignIndex":
            row = TableIndex(cell)
            if isinstance(kind.table, Table):
                row.set_table(kind.table)
            return row
        key = TableKey(cell)
        if isinstance(kind, ForeignType):
            key.set_table(kind.table, kind.column if kind.column is not None else "")
        else:
            key.set_table(self, self.columns[index])
        return key


def _column_type(kind: ColumnType | None, is_optional: bool) -> ColumnType:
    kind = UNKNOWN if kind is None else kind
    return optional(kind) if is_optional else kind


def _grown(kind: ColumnType, cells: list[Any], name: str) -> ColumnType:
    for cell in cells:
        grown = fits(kind, cell)
        if grown is None:
            raise TypeError(
                f"column {name!r} holds {kind}, and one cell is {short_text(cell)} of "
                f"type {type_of(cell)}: convert it; if it is None: optional=True"
            )
        kind = grown
    return kind
