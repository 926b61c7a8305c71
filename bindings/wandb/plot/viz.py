"""`wandb.visualize`: the older form of charts; the table keeps its key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from wandb.errors import Error

if TYPE_CHECKING:
    from wandb.sdk.data_types.table import Table
    from wandb.sdk.wandb_run import Run


@dataclass
class Visualize:
    """A table that a named visualisation draws; made by `visualize`."""

    id: str
    data: "Table"

    _wandb_value: ClassVar[bool] = True

    def log_parts(self, run: "Run", key: str) -> dict[str, Any]:
        """Describe it in the run's config; the row gets the table."""
        from wandb.sdk import records

        value = {
            "id": self.id,
            "historyFieldSettings": {"x-axis": "_step", "key": key},
        }
        run._append(records.config_at(run.id, ("_wandb", "viz", key), value))
        return {key: self.data}


def visualize(id: str, value: "Table") -> Visualize:
    """The table, drawn by the visualisation of that id.

    Raises:
        wandb.Error: value is no Table.
    """
    from wandb.sdk.data_types.table import Table

    if not isinstance(value, Table):
        raise Error(
            f"Expected `value` to be `wandb.Table` type, instead got "
            f"{type(value).__name__}"
        )
    return Visualize(id, value)
