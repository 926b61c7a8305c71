"""Config, rows, summary and tags: what went in is read back."""

import wandb
from flow import PROJECT

run = wandb.init(
    project=PROJECT,
    name="first",
    config={"lr": 0.1, "net": {"layers": [1, 2]}},
    tags=["a", "b"],
    notes="some notes",
    group="g",
)
for number in range(20):
    run.log({"loss": number / 10, "deep": {"acc": number}})
run.config.update({"late": "yes"})
run.summary["best"] = 0.5
name = run.id
run.finish()

found = wandb.Api().run(f"{PROJECT}/{name}")
assert found.state == "finished"
assert found.config == {"lr": 0.1, "net": {"layers": [1, 2]}, "late": "yes"}
assert sorted(found.tags) == ["a", "b"]
assert (found.name, found.notes, found.group) == ("first", "some notes", "g")
assert found.summary["best"] == 0.5
assert found.summary["loss"] == 1.9
assert found.summary["deep"]["acc"] == 19
rows = list(found.scan_history())
assert [row["_step"] for row in rows] == list(range(20))
assert [row["loss"] for row in rows] == [number / 10 for number in range(20)]
