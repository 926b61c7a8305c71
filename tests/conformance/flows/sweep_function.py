"""Sweeps over functions: random with a count, bayes with a cap, runs from before."""

import wandb
from flow import ENTITY, PROJECT, refused


def train() -> None:
    with wandb.init() as run:
        run.log({"score": -((run.config["x"] - 0.75) ** 2)})


config = {
    "method": "random",
    "metric": {"name": "score", "goal": "maximize"},
    "parameters": {
        "x": {"distribution": "beta", "a": 2, "b": 2},
        "n": {"min": 3, "max": 5},
        "kind": {"values": ["a", "b"], "probabilities": [0.9, 0.1]},
    },
}
first = wandb.sweep(config, project=PROJECT)
wandb.agent(first, train, project=PROJECT, count=2)

api = wandb.Api()
sweep = api.sweep(f"{ENTITY}/{PROJECT}/{first}")
assert sweep.state == "RUNNING"
assert sweep.expected_run_count is None
assert len(sweep.runs) == 2
for run in sweep.runs:
    assert 0 < run.config["x"] < 1
    assert run.config["n"] in (3, 4, 5)
    assert run.config["kind"] in ("a", "b")
scores = [run.summary["score"] for run in sweep.runs]
assert sweep.best_run().summary["score"] == max(scores)

prior = [run.id for run in sweep.runs]
second = wandb.sweep(
    {**config, "method": "bayes", "run_cap": 2}, project=PROJECT, prior_runs=prior
)
wandb.agent(second, train, project=PROJECT)

sweep = wandb.Api().sweep(f"{ENTITY}/{PROJECT}/{second}")
assert (sweep.state, sweep.expected_run_count) == ("FINISHED", 2)
assert len(sweep.runs) == 2  # those from before stay runs of their own sweep

with refused(wandb.errors.CommError, "parameters.x.max: is missing"):
    wandb.sweep({"method": "random", "parameters": {"x": {"min": 1}}}, project=PROJECT)
