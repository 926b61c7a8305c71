"""Description, metadata, aliases, tags and time to live are changed and kept."""

from datetime import timedelta

import wandb
from flow import PROJECT, refused

with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("data", "dataset", metadata={"a": 1})
    with artifact.new_file("a.txt") as file:
        file.write("text")
    artifact.ttl = timedelta(days=3)
    run.log_artifact(artifact, aliases=["one", "two"], tags=["red"]).wait()

found = wandb.Api().artifact(f"{PROJECT}/data:one")
assert found.ttl == timedelta(days=3)
assert found.tags == ["red"]
found.description = "changed"
found.metadata["b"] = {"c": 2}
found.aliases.append("three")
found.aliases.remove("two")
found.tags = ["green", "blue"]
found.ttl = None
found.save()

again = wandb.Api().artifact(f"{PROJECT}/data:three")
assert again.description == "changed"
assert again.metadata == {"a": 1, "b": {"c": 2}}
assert sorted(again.aliases) == ["latest", "one", "three"]
assert sorted(again.tags) == ["blue", "green"]
assert again.ttl is None
again.ttl = wandb.ArtifactTTL.INHERIT
again.save()
assert wandb.Api().artifact(f"{PROJECT}/data:three").ttl is None
tagged = wandb.Api().artifacts("dataset", f"{PROJECT}/data", tags=["blue"])
assert [one.version for one in tagged] == ["v0"]
assert not list(wandb.Api().artifacts("dataset", f"{PROJECT}/data", tags=["red"]))
with refused(wandb.errors.CommError):
    wandb.Api().artifact(f"{PROJECT}/data:two")
