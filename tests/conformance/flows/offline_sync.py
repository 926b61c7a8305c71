"""An offline run is synced; a second sync changes nothing."""

import math
import os

import wandb
from flow import PROJECT, tool

with wandb.init(
    project=PROJECT, id="off", mode="offline", config={"a": math.inf}
) as run:
    for number in range(100):
        run.log({"x": number / 3})
    folder = os.path.dirname(run.dir)
seen = []
for _ in range(2):
    tool("sync", folder)
    found = wandb.Api().run(f"{PROJECT}/off")
    assert found.state == "finished"
    assert repr(found.config["a"]) == "inf"
    seen.append([(row["_step"], row["x"]) for row in found.scan_history()])
assert seen[0] == seen[1] == [(number, number / 3) for number in range(100)]
