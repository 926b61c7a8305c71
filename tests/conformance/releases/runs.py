"""api.runs with filters, order and pages; projects, updates and deletion."""

import wandb
from flow import ENTITY, PROJECT

for number in range(4):
    run = wandb.init(
        project=PROJECT,
        id=f"r{number}",
        name=f"name-{number}",
        config={"lr": number / 10},
        tags=["even"] if number % 2 == 0 else ["odd"],
    )
    run.log({"loss": 6 - number})
    run.finish()

api = wandb.Api()


def ids(filters: dict, **more: object) -> list[str]:
    return sorted(run.id for run in wandb.Api().runs(PROJECT, filters=filters, **more))


assert ids({}) == ["r0", "r1", "r2", "r3"]
assert ids({"config.lr": {"$gt": 0.1}}) == ["r2", "r3"]
assert ids({"config.lr.value": 0.1}) == ["r1"]
assert ids({"summary_metrics.loss": {"$gte": 5}}) == ["r0", "r1"]
assert ids({"$or": [{"tags": "even"}, {"display_name": "name-3"}]}) == [
    "r0",
    "r2",
    "r3",
]
assert ids({"state": "finished"}, per_page=1) == ["r0", "r1", "r2", "r3"]
for order in ("-created_at", "-config.lr", "+summary_metrics.loss"):
    found = [run.id for run in api.runs(PROJECT, order=order, per_page=3)]
    assert found == ["r3", "r2", "r1", "r0"], (order, found)
assert len(api.runs(PROJECT)) == 4
assert PROJECT in {project.name for project in api.projects(ENTITY)}

found = api.run(f"{PROJECT}/r0")
found.config["new"] = 1
found.tags = ["other"]
found.name = "renamed"
found.summary["later"] = 2
found.update()
found.summary.update()
again = wandb.Api().run(f"{PROJECT}/r0")
assert (again.config["new"], again.tags, again.name) == (1, ["other"], "renamed")
assert again.summary["later"] == 2
again.delete()
assert ids({}) == ["r1", "r2", "r3"]
