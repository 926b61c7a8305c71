"""Tables as objects of an artifact; what the history refers to by client id."""

import wandb
from flow import PROJECT

table = wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("tables", "dataset")
    artifact.add(table, "mine")
    run.log_artifact(artifact).wait()
    run.log({"logged": wandb.Table(columns=["c"], data=[[3]])})

read = wandb.Api().artifact(f"{PROJECT}/tables:latest").get("mine")
assert read.columns == ["a", "b"]
assert [list(row) for _, row in read.iterrows()] == [[1, "x"], [2, "y"]]
[row] = wandb.Api().run(f"{PROJECT}/{run.id}").scan_history()
value = row["logged"]
assert value["_type"] == "table-file"
assert value.get("artifact_path", value.get("_latest_artifact_path")), value
