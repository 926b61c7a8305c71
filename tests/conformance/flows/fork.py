"""A fork begins with its parent's rows up to the step, and goes its own way."""

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT, config={"lr": 1}) as parent:
    for number in range(10):
        parent.log({"x": number})
with wandb.init(project=PROJECT, fork_from=f"{parent.id}?_step=4") as child:
    child.log({"x": 100})
    child.log({"x": 101})

found = wandb.Api().run(f"{PROJECT}/{child.id}")
rows = [(row["_step"], row["x"]) for row in found.scan_history()]
assert rows == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 100), (6, 101)], rows
assert found.config["lr"] == 1
unchanged = wandb.Api().run(f"{PROJECT}/{parent.id}")
assert [row["x"] for row in unchanged.scan_history()] == list(range(10))
