"""Hyperband stops the run that does worse, and its agent gets the next one."""

import wandb
from flow import ENTITY, PROJECT, until

good = wandb.init(project=PROJECT, id="good", config={"loss": 0.0})
for _ in range(9):
    good.log({"loss": 0.0})
good.finish()


def train() -> None:
    import time

    with wandb.init() as run:
        for _ in range(400 if run.config["loss"] > 0 else 3):
            run.log({"loss": run.config["loss"]})
            time.sleep(0.1)


config = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
    "parameters": {"loss": {"values": [5.0, -1.0]}},
}
name = wandb.sweep(config, project=PROJECT, prior_runs=["good"])
wandb.agent(name, train, project=PROJECT)

api = wandb.Api()
sweep = api.sweep(f"{ENTITY}/{PROJECT}/{name}")
runs = {run.config["loss"]: run for run in sweep.runs}
assert set(runs) == {5.0, -1.0, 0.0}, runs
stopped, best = runs[5.0], runs[-1.0]
assert best.state == "finished"


def ended() -> bool:
    return bool(api.run("/".join(stopped.path)).state != "running")


until(ended, "the stopped run ends")
assert len(list(stopped.scan_history(keys=["loss"]))) < 300
assert sweep.best_run().id == best.id
