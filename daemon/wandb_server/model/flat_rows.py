"""Rows that all have the same keys, as columns."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

STEP = "_step"
PRESENT, NAN, NULL = 0, 1, 255


@dataclass(frozen=True, slots=True)
class FlatColumn:
    """The values of one key; `code` says which are NaN or null, None: neither."""

    kind: str
    values: npt.NDArray[Any]
    code: npt.NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class FlatRows:
    """Rows in order of arrival. `columns` are those of all keys but `_step`."""

    step: npt.NDArray[np.int64]
    columns: Mapping[str, FlatColumn]

    @property
    def keys(self) -> Set[str]:
        """Of every row, without `_step`."""
        return self.columns.keys()
