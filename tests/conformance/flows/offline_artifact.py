"""An artifact logged offline arrives with the sync."""

import os
from pathlib import Path

import wandb
from flow import PROJECT, tool

Path("a.txt").write_text("offline")
with wandb.init(project=PROJECT, id="offart", mode="offline") as run:
    artifact = wandb.Artifact("data", "dataset")
    artifact.add_file("a.txt")
    run.log_artifact(artifact, aliases=["mine"])
    folder = os.path.dirname(run.dir)
tool("sync", folder)
found = wandb.Api().artifact(f"{PROJECT}/data:mine")
assert Path(found.download(root="down"), "a.txt").read_text() == "offline"
assert found.logged_by().id == "offart"
