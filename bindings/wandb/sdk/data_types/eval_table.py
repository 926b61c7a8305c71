"""`wandb.EvalTable`: a table of an evaluation, with roles for its columns.

It is logged as an ordinary table. The official client also sends it to a separate
tracing product, which this project does not have: `backend` may only name the table.
"""

from collections.abc import Sequence
from typing import Any

from wandb.errors import UnsupportedError
from wandb.sdk.data_types.table import Column, Table


class EvalTable(Table):
    """A table whose columns are inputs, outputs or scores of an evaluation."""

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
        *,
        input_columns: Sequence[str] | None = None,
        output_columns: Sequence[str] | None = None,
        score_columns: Sequence[str] | None = None,
        backend: str | None = None,
        unsupported_media_mode: str = "stub",
    ) -> None:
        """The roles name columns; one that no role names has none.

        Raises:
            ValueError: a role names a column that is not there, or two do.
            UnsupportedError: a backend other than the table.
        """
        if backend not in (None, "models"):
            raise UnsupportedError(
                f"EvalTable(backend={backend!r}) needs the tracing product of the "
                "official service; leave the argument out to log a table."
            )
        super().__init__(
            columns, data, rows, dataframe, dtype, optional, allow_mixed_types, log_mode
        )
        self.input_columns = list(input_columns or ())
        self.output_columns = list(output_columns or ())
        self.score_columns = list(score_columns or ())
        self.unsupported_media_mode = unsupported_media_mode
        self._check_roles()

    def _check_roles(self) -> None:
        named = [*self.input_columns, *self.output_columns, *self.score_columns]
        missing = [name for name in named if name not in self.columns]
        if missing:
            raise ValueError(f"no columns {missing}; there are {self.columns}")
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"columns {twice} have more than one role")
