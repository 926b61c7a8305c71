"""Tables through the whole system, read back by both clients."""

from typing import Any

import pytest

from tests.support.stack import Stack

LOGGING = """
import datetime
import numpy as np
import wandb

with wandb.init(project="tables", id="logged") as run:
    table = wandb.Table(columns=["n", "s", "when", "list", "array", "page"])
    when = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    square = np.arange(4).reshape(2, 2)
    table.add_data(1.5, "x", when, [1, 2], square, wandb.Html("<b>"))
    table.add_data(float("nan"), None, None, [3], np.ones((2, 2), dtype=int), None)
    run.log({"t": table})
    growing = wandb.Table(columns=["a"], log_mode="INCREMENTAL")
    for number in range(3):
        growing.add_data(number)
        run.log({"growing": growing})
    changing = wandb.Table(columns=["a"], data=[[0]], log_mode="MUTABLE")
    run.log({"changing": changing})
    changing.add_data(1)
    run.log({"changing": changing})
    points = wandb.Table(columns=["x", "y"], data=[[1, 2]])
    run.log({"chart": wandb.plot.line(points, "x", "y")})
    artifact = wandb.Artifact("mine", "dataset")
    artifact.add(wandb.Table(columns=["a"], data=[["kept"]]), "t")
    run.log_artifact(artifact)
"""

CELLS = """(lambda t: [
    t.columns, t.data[0][:2], str(t.data[0][2]), t.data[0][3], t.data[0][4].tolist(),
    type(t.data[0][5]).__name__, t.data[1][1:4], t.data[1][4].tolist(), t.data[1][5],
])(api.artifact("tables/run-logged-t:latest").get("t"))""".replace("\n", " ")

EXPECTED_CELLS = [
    ["n", "s", "when", "list", "array", "page"],
    [1.5, "x"],
    "2024-01-02 03:04:05+00:00",
    [1, 2],
    [[0, 1], [2, 3]],
    "Html",
    [None, None, [3]],
    [[1, 1], [1, 1]],
    None,
]

SUMMARY = """(lambda s: [
    [s[k]["_type"], s[k]["nrows"], s[k]["ncols"]]
    for k in ("t", "growing", "changing", "chart_table")
])(api.run("tables/logged").summary)""".replace("\n", " ")

VISUALIZED = (
    "api.run('tables/logged').rawconfig['_wandb']['visualize']"
    "['chart']['panel_config']['panelDefId']"
)


@pytest.fixture
def logged(stack: Stack) -> Stack:
    stack.run(LOGGING)
    return stack


def test_both_clients_read_the_same_table(logged: Stack, official_python: str) -> None:
    ours: list[Any] = logged.ask(CELLS)
    theirs = logged.ask_official(CELLS)

    assert ours == EXPECTED_CELLS
    assert theirs == EXPECTED_CELLS


def test_tables_grow_change_and_are_drawn(logged: Stack) -> None:
    assert logged.ask(SUMMARY) == [
        ["table-file", 2, 6],
        ["incremental-table-file", 3, 1],
        ["table-file", 2, 1],
        ["table-file", 1, 2],
    ]
    assert logged.ask(VISUALIZED) == "wandb/line/v0"
    changing = "api.artifact('tables/run-logged-changing:latest').get('changing').data"
    assert logged.ask(changing) == [[0], [1]]
    mine = "api.artifact('tables/mine:v0').get('t').data"
    assert logged.ask(mine) == [["kept"]]


def test_increments_are_read_as_one_table(logged: Stack) -> None:
    whole = """(lambda a: a.get(
        sorted(n for n in a.manifest.entries if n.endswith("growing.table.json"))[1]
    ).data)(api.artifact("tables/run-logged-incr-growing:latest"))"""

    assert logged.ask(whole.replace("\n", " ")) == [[0], [1], [2]]
