"""`CustomChart`: a table and how to draw it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from wandb._terminal import termwarn
from wandb.errors import Error

if TYPE_CHECKING:
    from wandb.sdk.data_types.table import Table
    from wandb.sdk.wandb_run import Run

SPLIT_SECTION = "Custom Chart Tables"


@dataclass
class CustomChartSpec:
    """Which Vega specification draws which columns, with which texts."""

    spec_name: str
    fields: dict[str, Any]
    string_fields: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    panel_type: str = "Vega2"
    split_table: bool = False

    @property
    def table_key(self) -> str:
        """The row's key of the table.

        Raises:
            wandb.Error: the chart has no key yet.
        """
        if not self.key:
            raise Error("The chart has no key yet: it gets one from wandb.log()")
        section = f"{SPLIT_SECTION}/" if self.split_table else ""
        return f"{section}{self.key}_table"

    @property
    def config_key(self) -> tuple[str, str, str]:
        """Where in the run's config the chart is described."""
        return ("_wandb", "visualize", self.key)

    @property
    def config_value(self) -> dict[str, Any]:
        """The chart as pages know it, with the query for the table of each run."""
        return {
            "panel_type": self.panel_type,
            "panel_config": {
                "panelDefId": self.spec_name,
                "fieldSettings": self.fields,
                "stringSettings": self.string_fields,
                "transform": {"name": "tableWithLeafColNames"},
                "userQuery": _user_query(self.table_key),
            },
        }


@dataclass
class CustomChart:
    """A chart to be logged; made by the functions of `wandb.plot`."""

    table: "Table"
    spec: CustomChartSpec

    _wandb_value: ClassVar[bool] = True

    def set_key(self, key: str) -> None:
        """Say under which key it is logged."""
        self.spec.key = key

    def log_parts(self, run: "Run", key: str) -> dict[str, Any]:
        """Describe the chart in the run's config; returns what the row gets for it."""
        from wandb.sdk import records

        self.set_key(key)
        spec = self.spec
        run._append(records.config_at(run.id, spec.config_key, spec.config_value))
        return {spec.table_key: self.table}


def plot_table(
    vega_spec_name: str,
    data_table: "Table",
    fields: dict[str, Any],
    string_fields: dict[str, Any] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """A chart drawn by a Vega specification of the server (`entity/name`).

    fields: field of the specification -> column. string_fields: its texts.
    split_table: put the table into a section of its own on the page.

    Raises:
        wandb.Error: data_table is no Table.
    """
    from wandb.sdk.data_types.table import Table

    if not isinstance(data_table, Table):
        raise Error(
            "Expected `data_table` to be `wandb.Table` type, "
            f"instead got {type(data_table).__name__}"
        )
    missing = [
        str(column)
        for column in fields.values()
        if column is not None and column not in data_table.columns
    ]
    if missing:
        there = ", ".join(map(str, data_table.columns))
        termwarn(
            f"The table of the chart {vega_spec_name} has no column "
            f"{', '.join(missing)}: the chart will be empty. It has: {there}."
        )
    spec = CustomChartSpec(
        vega_spec_name, dict(fields), dict(string_fields or {}), split_table=split_table
    )
    return CustomChart(data_table, spec)


def _user_query(table_key: str) -> dict[str, Any]:
    table = {
        "name": "summaryTable",
        "args": [{"name": "tableKey", "value": table_key}],
        "fields": [],
    }
    plain: list[dict[str, Any]] = [
        {"name": name, "fields": []} for name in ("id", "name", "_defaultColorIndex")
    ]
    run_sets = {
        "name": "runSets",
        "args": [{"name": "runSets", "value": "${runSets}"}],
        "fields": [*plain, table],
    }
    return {"queryFields": [run_sets]}
