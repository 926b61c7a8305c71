"""Runs and their files are deleted; artifacts stay unless told."""

import wandb
from flow import PROJECT, refused

runs = []
for number in range(2):
    with wandb.init(project=PROJECT) as run:
        artifact = wandb.Artifact(f"of-{number}", "dataset")
        with artifact.new_file("a.txt") as file:
            file.write(str(number))
        run.log_artifact(artifact).wait()
        runs.append(run.id)
api = wandb.Api()
api.run(f"{PROJECT}/{runs[0]}").delete()
api.run(f"{PROJECT}/{runs[1]}").delete(delete_artifacts=True)
for identity in runs:
    with refused(wandb.errors.CommError, "Could not find run"):
        wandb.Api().run(f"{PROJECT}/{identity}")
assert wandb.Api().artifact_exists(f"{PROJECT}/of-0:v0")
assert wandb.Api().artifact(f"{PROJECT}/of-0:v0").logged_by() is None
assert not wandb.Api().artifact_exists(f"{PROJECT}/of-1:v0")
assert len(wandb.Api().runs(PROJECT)) == 0
