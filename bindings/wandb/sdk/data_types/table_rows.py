"""Rows as tables take them: from frames and arrays; how cells compare and are shown."""

import math
from collections.abc import Iterable
from typing import Any

from wandb.sdk.data_types.foreign_values import as_array, is_array

SHORT_CHARACTERS_MAX = 80


class RowLimitExceeded(ValueError):
    """A table has more rows than are stored, and the user wants an error then."""


def rows_of(data: Any) -> Iterable[Any]:
    """The rows of a list or a 2-d array.

    Raises:
        AssertionError: it is neither.
    """
    if is_array(data):
        return list(as_array(data))
    assert isinstance(data, list), "data argument expects a `list` object"
    return data


def short_text(value: Any) -> str:
    """How a cell looks, for a message."""
    text = repr(value)
    return (
        text
        if len(text) <= SHORT_CHARACTERS_MAX
        else text[: SHORT_CHARACTERS_MAX - 3] + "..."
    )


def is_dataframe(value: Any) -> bool:
    """Whether it is a DataFrame of pandas or polars, without importing them."""
    return type(value).__name__ == "DataFrame" and hasattr(value, "columns")


def frame_rows(frame: Any) -> list[list[Any]]:
    """Rows of a DataFrame; a NaN of pandas among texts or objects is missing."""
    if not hasattr(frame, "iloc"):  # polars, which has null for that
        return [list(row) for row in frame.rows()]
    cells = []
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        values = column.tolist()
        if getattr(column.dtype, "kind", "O") == "O":
            values = [
                None if gone else value
                for value, gone in zip(values, column.isna(), strict=True)
            ]
        cells.append(values)
    return [list(row) for row in zip(*cells, strict=True)]


def same_cells(row: list[Any], theirs: list[Any]) -> bool:
    """Whether all cells of two rows are equal; NaN equals NaN."""
    for cell, other in zip(row, theirs, strict=True):
        if is_array(cell) and is_array(other):
            first, second = as_array(cell), as_array(other)
            if first.shape != second.shape or not (first == second).all():
                return False
        elif not bool(cell == other) and not (_is_nan(cell) and _is_nan(other)):
            return False
    return True


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
