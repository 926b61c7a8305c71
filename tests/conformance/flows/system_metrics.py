"""Samples of the machine are rows of their own stream."""

import time

import wandb
from flow import PROJECT, until

settings = wandb.Settings(x_stats_sampling_interval=0.1)
with wandb.init(project=PROJECT, settings=settings) as run:
    run.log({"x": 1})
    api = wandb.Api()
    time.sleep(2)


def rows() -> list:
    found = api.run(f"{PROJECT}/{run.id}")
    return found.history(stream="system", pandas=False)


found = until(rows, "system metrics")
assert any(key.startswith("system.") for key in found[0]), found[0]
assert wandb.Api().run(f"{PROJECT}/{run.id}").system_metrics
