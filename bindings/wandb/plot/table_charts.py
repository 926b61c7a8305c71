"""Charts of a user's table: line, scatter, bar, histogram."""

from typing import TYPE_CHECKING

from wandb.plot.custom_chart import CustomChart, plot_table

if TYPE_CHECKING:
    from wandb.sdk.data_types.table import Table


def line(
    table: "Table",
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """A line through the rows; `stroke` names the column that tells lines apart."""
    fields = {"x": x, "y": y, "stroke": stroke}
    return plot_table("wandb/line/v0", table, fields, {"title": title}, split_table)


def scatter(
    table: "Table", x: str, y: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """A point per row."""
    fields = {"x": x, "y": y}
    return plot_table("wandb/scatter/v0", table, fields, {"title": title}, split_table)


def bar(
    table: "Table", label: str, value: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """A bar per row: its text and its length."""
    fields = {"label": label, "value": value}
    return plot_table("wandb/bar/v0", table, fields, {"title": title}, split_table)


def histogram(
    table: "Table", value: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """How often the values of a column occur."""
    text = {"title": title}
    fields = {"value": value}
    return plot_table("wandb/histogram/v0", table, fields, text, split_table)
