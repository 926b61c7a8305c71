"""A finished run is changed through the public API."""

import wandb
from flow import ENTITY, PROJECT

api = wandb.Api()
api.create_project(PROJECT, ENTITY)
api.create_run(project=PROJECT, entity=ENTITY, run_id="r1")
made = api.run(f"{PROJECT}/r1")
made.config["lr"] = 2
made.config["gone"] = 3
made.tags = ["x", "y"]
made.name = "renamed"
made.notes = "noted"
made.group = "grouped"
made.update()
del made.config["gone"]
made.tags.remove("y")
made.update()
made.summary["z"] = 9
made.summary.update({"deep": {"er": 1}})

again = wandb.Api().run(f"{PROJECT}/r1")
assert again.config == {"lr": 2}
assert again.tags == ["x"]
assert (again.name, again.notes, again.group) == ("renamed", "noted", "grouped")
assert again.summary["z"] == 9
assert again.summary["deep"]["er"] == 1
assert again.update_state("pending") in (True, None)
assert wandb.Api().run(f"{PROJECT}/r1").state == "pending"
