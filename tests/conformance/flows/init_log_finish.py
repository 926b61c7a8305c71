"""Log a run and read back attributes, config, summary and rows."""

import math

import wandb
from flow import ENTITY, PROJECT

with wandb.init(
    project=PROJECT,
    name="first",
    config={"lr": 0.1, "net": {"layers": [1, 2]}},
    tags=["a", "b"],
    notes="some notes",
    group="g",
    job_type="train",
) as run:
    assert (run.entity, run.project, run.name) == (ENTITY, PROJECT, "first")
    for number in range(30):
        value = math.nan if number == 7 else number / 10
        run.log({"loss": value, "nested": {"acc": number}})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
assert found.state == "finished"
assert found.config == {"lr": 0.1, "net": {"layers": [1, 2]}}
assert found.tags == ["a", "b"]
assert (found.name, found.notes, found.group) == ("first", "some notes", "g")
assert found.job_type == "train"
assert found.summary["loss"] == 2.9
assert found.summary["nested"]["acc"] == 29
assert found.lastHistoryStep == 29
assert found.metadata["program"]
rows = list(found.scan_history())
assert [row["_step"] for row in rows] == list(range(30))
assert repr(rows[7]["loss"]).strip("'").lower() == "nan", rows[7]
assert rows[10]["loss"] == 1
assert rows[10]["nested"] == {"acc": 10}
