"""Tables with media cells, joined and logged as an artifact, come back whole."""

import numpy
import wandb
from flow import PROJECT

red = numpy.zeros((3, 5, 3), numpy.uint8)
red[..., 0] = 200
with wandb.init(project=PROJECT) as run:
    left = wandb.Table(columns=["id", "img"])
    right = wandb.Table(columns=["id", "score"])
    for number in range(3):
        left.add_data(number, wandb.Image(red))
        right.add_data(number, number / 2)
    artifact = wandb.Artifact("tables", "predictions")
    artifact.add(left, "left")
    artifact.add(right, "right")
    artifact.add(wandb.JoinedTable(left, right, "id"), "both")
    run.log_artifact(artifact).wait()

read = wandb.Api().artifact(f"{PROJECT}/tables:latest")
table = read.get("left")
assert table.columns == ["id", "img"]
assert len(table.data) == 3
assert (numpy.asarray(table.data[1][1].image) == red).all()
assert isinstance(read.get("both"), wandb.JoinedTable)
scores = [list(row) for _, row in read.get("right").iterrows()]
assert scores == [[0, 0], [1, 0.5], [2, 1]]
