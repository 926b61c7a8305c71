"""A digest that the server does not offer: the client falls back, nothing is lost."""

from pathlib import Path

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("data", "dataset", digest_algorithm="XXH128")
    with artifact.new_file("a.txt") as file:
        file.write("hello")
    logged = run.log_artifact(artifact).wait()
    assert logged.digest_algorithm.name == "MANIFEST_MD5"
    again = wandb.Artifact("data", "dataset")
    with again.new_file("a.txt") as file:
        file.write("hello")
    assert run.log_artifact(again).wait().version == "v0"
found = wandb.Api().artifact(f"{PROJECT}/data:v0")
folder = found.download(root="down")
assert Path(folder, "a.txt").read_text() == "hello"
found.verify(root=folder)
