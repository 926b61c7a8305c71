"""Tables that grow: logged once, again, or row by row; typed cells; parts."""

import datetime

import numpy as np
import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    changing = wandb.Table(columns=["a"], data=[[1]], log_mode="MUTABLE")
    run.log({"changing": changing})
    changing.add_data(2)
    run.log({"changing": changing})
    growing = wandb.Table(columns=["a"], log_mode="INCREMENTAL")
    for number in range(3):
        growing.add_data(number)
        run.log({"growing": growing})
    typed = wandb.Table(
        columns=["nan", "day", "array", "page"],
        data=[
            [
                float("nan"),
                datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
                np.arange(4.0).reshape(2, 2),
                wandb.Html("<i>"),
            ]
        ],
        allow_mixed_types=True,
    )
    run.log({"typed": typed})
    artifact = wandb.Artifact("parts", "dataset")
    for number in range(3):
        part = wandb.Table(columns=["a"], data=[[number]])
        artifact.add(part, f"parts/{number}")
    artifact.add(wandb.data_types.PartitionedTable("parts"), "whole")
    artifact.add(wandb.Object3D(np.zeros((3, 3))), "points")
    run.log_artifact(artifact).wait()

api = wandb.Api()


def rows(name: str, entry: str) -> list[list[object]]:
    read = api.artifact(f"{PROJECT}/{name}").get(entry)
    return [list(row) for _, row in read.iterrows()]


found = api.run(f"{PROJECT}/{run.id}")
logged = {version.name for version in found.logged_artifacts()}
mine = f"run-{run.id}"
assert {f"{mine}-changing:v1", f"{mine}-incr-growing:v2"} <= logged, logged
assert rows(f"{mine}-changing:v0", "changing") == [[1]]
assert rows(f"{mine}-changing:latest", "changing") == [[1], [2]]
newest = api.artifact(f"{PROJECT}/{mine}-incr-growing:latest")
assert len(newest.manifest.entries) == 3, list(newest.manifest.entries)
history = [row["growing"] for row in found.scan_history(keys=["growing"])]
assert [value["increment_num"] for value in history] == [0, 1, 2]
[[nan, day, array, page]] = rows(f"{mine}-typed:v0", "typed")
assert nan is None
assert day == 1_577_836_800_000
assert np.asarray(array).tolist() == [[0, 1], [2, 3]]
assert isinstance(page, wandb.Html)
assert rows("parts:v0", "whole") == [[0], [1], [2]]
assert isinstance(api.artifact(f"{PROJECT}/parts:v0").get("points"), wandb.Object3D)
