"""wandb.plot.*: a table each, and the chart's specification in the config."""

import wandb
from flow import PROJECT

table = wandb.Table(columns=["x", "y"], data=[[1, 2.0], [2, 3.0]])
with wandb.init(project=PROJECT) as run:
    run.log(
        {
            "line": wandb.plot.line(table, "x", "y", title="a line"),
            "bar": wandb.plot.bar(table, "x", "y"),
            "scatter": wandb.plot.scatter(table, "x", "y"),
            "histogram": wandb.plot.histogram(table, "y"),
            "series": wandb.plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"]),
            "matrix": wandb.plot.confusion_matrix(
                y_true=[0, 1, 1], preds=[0, 1, 0], class_names=["n", "y"]
            ),
        }
    )

found = wandb.Api().run(f"{PROJECT}/{run.id}")
[row] = found.scan_history()
tables = [key for key in row if key.endswith("_table")]
assert len(tables) == 6, sorted(row)
charts = found.rawconfig["_wandb"]["visualize"]
assert {"line", "bar", "scatter", "histogram", "series", "matrix"} <= set(charts)
assert charts["line"]["panel_config"]["stringSettings"]["title"] == "a line"
