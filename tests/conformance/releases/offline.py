"""An offline run with an image is synced; a second sync changes nothing."""

import os

import numpy
import wandb
from flow import PROJECT, tool

run = wandb.init(project=PROJECT, id="off", mode="offline", config={"a": 1})
for number in range(100):
    run.log({"x": number / 3})
run.log({"img": wandb.Image(numpy.zeros((2, 2, 3), numpy.uint8))})
folder = os.path.dirname(run.dir)
run.finish()

seen = []
for _ in range(2):
    # The second time an older client says that it was synced before.
    tool("sync", folder)
    found = wandb.Api().run(f"{PROJECT}/off")
    assert found.config == {"a": 1}
    seen.append([row["x"] for row in found.scan_history(keys=["x"])])
    assert len([f for f in found.files() if f.name.startswith("media/")]) == 1
assert seen[0] == seen[1] == [number / 3 for number in range(100)]
