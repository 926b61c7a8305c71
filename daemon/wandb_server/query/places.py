"""Answers about many series at once, taken apart by the places of run and key."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]
Place = tuple[int, int]
"""(run, key)."""


def split_by_place(
    columns: Columns, by: tuple[str, str] = ("run", "key")
) -> dict[Place, Columns]:
    """Rows of an answer by its two place columns, each part in the order it had."""
    first, second = by
    if not columns or not len(columns[first]):
        return {}
    order = np.lexsort((columns[second], columns[first]))
    columns = {name: column[order] for name, column in columns.items()}
    changed = (np.diff(columns[first]) != 0) | (np.diff(columns[second]) != 0)
    starts = [0, *(np.flatnonzero(changed) + 1).tolist(), len(order)]
    return {
        (int(columns[first][start]), int(columns[second][start])): {
            name: column[start:end] for name, column in columns.items()
        }
        for start, end in pairwise(starts)
    }


def without_place(columns: Columns, by: tuple[str, str] = ("run", "key")) -> Columns:
    """The other columns."""
    return {name: column for name, column in columns.items() if name not in by}
