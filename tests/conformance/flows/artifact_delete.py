"""Versions are deleted, with aliases only when told; numbers are not given again."""

import wandb
from flow import PROJECT, refused


def log(run: wandb.Run, text: str) -> wandb.Artifact:
    artifact = wandb.Artifact("data", "dataset")
    with artifact.new_file("a.txt") as file:
        file.write(text)
    with artifact.new_file("same.txt") as file:
        file.write("shared by all")
    return run.log_artifact(artifact).wait()


with wandb.init(project=PROJECT) as run:
    for text in ("one", "two", "three"):
        log(run, text)
api = wandb.Api()
api.artifact(f"{PROJECT}/data:v0").delete()
assert not wandb.Api().artifact_exists(f"{PROJECT}/data:v0")
with refused(wandb.errors.CommError, "alias"):
    api.artifact(f"{PROJECT}/data:latest").delete()
api.artifact(f"{PROJECT}/data:latest").delete(delete_aliases=True)
left = wandb.Api().artifact(f"{PROJECT}/data:latest")
assert left.version == "v1"
folder = left.download(root="down")
with open(f"{folder}/same.txt") as file:
    assert file.read() == "shared by all"
with wandb.init(project=PROJECT) as run:
    assert log(run, "three").version == "v3"
