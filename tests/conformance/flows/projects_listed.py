"""Projects by pages, their owner, their runs' histories together, runs by path."""

import wandb
from flow import ENTITY, PROJECT, refused

names = [f"{PROJECT}-{number}" for number in range(5)]
for number, name in enumerate(names):
    with wandb.init(project=name, id=f"r{number}") as run:
        for step in range(10):
            run.log({"x": step * number, "y": step})

api = wandb.Api()
for size in (1, 2, 200):
    listed = [project.name for project in api.projects(ENTITY, per_page=size)]
    assert set(names) <= set(listed), (size, listed)
    assert len(listed) == len(set(listed))
project = api.project(names[0], ENTITY)
assert project.owner.username == api.viewer.username
assert (project.entity, project.name) == (ENTITY, names[0])
assert list(project.sweeps()) == []
found = api.from_path(f"{ENTITY}/{names[3]}/r3")
assert (found.id, found.entity, found.project) == ("r3", ENTITY, names[3])
assert found.url.endswith(f"/{ENTITY}/{names[3]}/runs/r3")
frame = api.runs(names[3]).histories(samples=100, keys=["x"], format="pandas")
assert frame["x"].tolist() == [step * 3 for step in range(10)]
assert set(frame["run_id"]) == {"r3"}
assert [row["y"] for row in found.beta_scan_history()] == list(range(10))
assert list(api.reports(f"{ENTITY}/{names[0]}")) == []
with refused(Exception, "Could not find"):
    api.runs(f"{ENTITY}/{PROJECT}-none")[0]
with refused(Exception):
    api.project(f"{PROJECT}-none", ENTITY).id  # noqa: B018
