"""Several runs add to one version, and one of them finishes it."""

import wandb
from flow import PROJECT


def part(text: str) -> wandb.Artifact:
    artifact = wandb.Artifact("shards", "dataset")
    with artifact.new_file(f"{text}.txt") as file:
        file.write(text)
    return artifact


for text in ("one", "two"):
    with wandb.init(project=PROJECT, group="workers") as run:
        run.upsert_artifact(part(text), distributed_id="all")
with wandb.init(project=PROJECT, group="workers") as run:
    run.finish_artifact(part("last"), distributed_id="all").wait()

found = wandb.Api().artifact(f"{PROJECT}/shards:latest")
assert found.version == "v0"
assert set(found.manifest.entries) == {"one.txt", "two.txt", "last.txt"}
assert {file.name for file in found.files()} == {"one.txt", "two.txt", "last.txt"}
