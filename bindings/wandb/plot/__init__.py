"""Charts of tables: `wandb.log({"loss": wandb.plot.line(table, "x", "y")})`.

Each function returns a `CustomChart`: a table and a Vega specification's name with the
columns it draws. Logging one under `k` stores the table as `k_table` and the rest in
the run's config, where pages look for it.
"""

from wandb.plot.confusion import confusion_matrix
from wandb.plot.curves import pr_curve, roc_curve
from wandb.plot.custom_chart import CustomChart, CustomChartSpec, plot_table
from wandb.plot.series import line_series
from wandb.plot.table_charts import bar, histogram, line, scatter
from wandb.plot.viz import Visualize, visualize

__all__ = [
    "CustomChart",
    "CustomChartSpec",
    "Visualize",
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
    "visualize",
]
