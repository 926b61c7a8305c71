"""Keys and row numbers that know which table they belong to."""

from typing import TYPE_CHECKING, Any

from wandb.sdk.data_types.column_types import PRIMARY_KEY, ColumnType, ForeignType

if TYPE_CHECKING:
    from wandb.sdk.data_types.table import Table


class TableKey(str):
    """A key of a table: of its own rows, or of those of another one."""

    __slots__ = ("_col_name", "_table")

    def set_table(self, table: "Table", col_name: str | int) -> None:
        """Say which column of which table it is a key of."""
        self._table = table
        self._col_name = col_name

    def column_key(self) -> tuple[Any, Any]:
        """(table, column), or (None, None)."""
        return getattr(self, "_table", None), getattr(self, "_col_name", None)


class TableIndex(int):
    """The number of a row, which can be fetched."""

    _table: "Table | None" = None

    def set_table(self, table: "Table") -> None:
        """Say which table's row it is."""
        self._table = table

    def get_row(self) -> dict[Any, Any] | None:
        """The row as {column: cell}; None if the table is not known."""
        if self._table is None:
            return None
        row = self._table.data[int(self)]
        return dict(zip(self._table.columns, row, strict=True))

    def column_type(self) -> ColumnType:
        """A row of that table."""
        return ForeignType("foreignIndex", self._table)


def key_column(table: "Table", column: str | int) -> ColumnType | None:
    """The type of a column of keys, None where it holds none."""
    kind = table.type_of_column(column)
    is_key = kind is PRIMARY_KEY or isinstance(kind, ForeignType)
    return kind if is_key else None
