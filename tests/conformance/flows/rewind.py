"""resume_from cuts the run behind the step; what follows takes the place."""

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    for number in range(10):
        run.log({"x": number})
with wandb.init(project=PROJECT, resume_from=f"{run.id}?_step=3") as again:
    assert again.id == run.id
    again.log({"x": 100})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
rows = [(row["_step"], row["x"]) for row in found.scan_history()]
assert rows == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 100)], rows
assert found.lastHistoryStep == 4
assert found.summary["x"] == 100
