"""TTL of an artifact: set when logged, changed, inherited again, taken away."""

from datetime import timedelta

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("data", "dataset")
    with artifact.new_file("a.txt") as file:
        file.write("a")
    artifact.ttl = timedelta(days=30)
    run.log_artifact(artifact).wait()


def read() -> wandb.Artifact:
    return wandb.Api().artifact(f"{PROJECT}/data:v0")


assert read().ttl == timedelta(days=30)
changed = read()
changed.ttl = timedelta(hours=36)
changed.save()
assert read().ttl == timedelta(hours=36)
changed = read()
changed.ttl = None
changed.save()
assert read().ttl is None
