"""Logs tables and charts of every kind, offline; run by several interpreters.

    python tables_script.py DIRECTORY

The directory becomes the working directory; the run is made below it.
"""

import datetime
import os
import sys

import numpy as np
import pandas as pd

os.chdir(sys.argv[1])

import wandb  # noqa: E402 - may be any wandb

TIME = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
FRAME = pd.DataFrame(
    {
        "i": [1, 2],
        "s": ["a", "b"],
        "f": [1.5, float("nan")],
        "d": pd.to_datetime(["2024-01-01", "2024-01-02"]),
    }
)


def table(*cells: object, **arguments: object) -> wandb.Table:
    rows = [[cell] for cell in cells]
    return wandb.Table(columns=["a"], data=rows, **arguments)


def cells(run: wandb.Run) -> None:
    """One column of each kind of cell."""
    kinds = {
        "numbers": table(1, 2.5, float("nan"), None, float("inf"), 2**70),
        "numpy": table(np.float32(0.1), np.int64(3)),
        "flags": table(True, np.bool_(False), None),
        "texts": table("x", "é", None),
        "times": table(TIME, datetime.date(2024, 1, 2), np.datetime64("2024-01-01")),
        "lists": table([1, 2], [], [3]),
        "nested": table([[1, 2], [3]]),
        "sets": table({1}),
        "dicts": table({"x": 1, "y": {"z": "q"}}),
        "arrays": table(np.arange(6).reshape(2, 3), np.ones((2, 3), dtype=int)),
        "mixed": table(1, "x", allow_mixed_types=True),
        "none": table(None),
        "html": table(wandb.Html("<b>x</b>"), None),
        "tables": table(wandb.Table(columns=["q"], data=[[1]])),
        "empty": wandb.Table(columns=["a", "b"]),
        "frame": FRAME,
        "numbered": wandb.Table(columns=[1, 2], data=[[3, 4]]),
    }
    for key, value in kinds.items():
        run.log({key: value})
    run.log({"deep": {"t": table(1)}, "with/slash and space": table(2)})
    run.log({"several": [table(1)]})
    run.summary["final"] = table(7)


def keys(run: wandb.Run) -> None:
    parents = wandb.Table(columns=["id", "v"], data=[["k1", 1], ["k2", 2]])
    parents.set_pk("id")
    run.log({"parents": parents})
    joined = wandb.Table(columns=["id", "w"], data=[["k1", 3]])
    run.log({"joined": wandb.JoinedTable(parents, joined, "id")})


def modes(run: wandb.Run) -> None:
    for mode in ("IMMUTABLE", "MUTABLE", "INCREMENTAL"):
        growing = table(0, log_mode=mode)
        for number in range(3):
            run.log({mode.lower(): growing})
            growing.add_data(number)
    shared = table(1)
    run.log({"first_key": shared})
    run.log({"second_key": shared})


def limits(run: wandb.Run) -> None:
    wandb.Table.MAX_ROWS, wandb.Table.MAX_ARTIFACT_ROWS = 3, 5
    run.log({"long": table(*range(7))})


def charts(run: wandb.Run) -> None:
    plot = wandb.plot
    pairs = wandb.Table(columns=["x", "y", "c"], data=[[1, 2, "p"], [3, 4, "q"]])
    run.log({"line": plot.line(pairs, "x", "y", stroke="c", title="L")})
    run.log({"points": plot.scatter(pairs, "x", "y", split_table=True)})
    run.log({"deep": {"bars": plot.bar(pairs, "c", "x", title="B")}})
    run.log({"histogram": plot.histogram(pairs, "x")})
    run.log({"series": plot.line_series([0, 1], [[1, 2], [3, 4]], ["p", "q"], "T")})
    run.log({"own": plot.line_series([[0], [4, 5]], [[1], [2, 3]])})
    matrix = plot.confusion_matrix(y_true=[0, 1, 2], preds=[0, 1, 1], title="M")
    run.log({"matrix": matrix})
    run.log({"custom": wandb.plot_table("e/n", pairs, {"x": "x"}, {"title": "q"})})
    run.log({"older": wandb.visualize("id/x", pairs)})


if __name__ == "__main__":
    os.environ["WANDB_MODE"] = "offline"
    with wandb.init(project="p", id="tables") as run:
        for part in (cells, keys, modes, charts, limits):
            part(run)
