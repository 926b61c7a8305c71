"""Equal contents are one version; others get the next number; aliases move."""

import wandb
from flow import PROJECT


def log(run: wandb.Run, text: str, *aliases: str) -> wandb.Artifact:
    artifact = wandb.Artifact("data", "dataset")
    with artifact.new_file("a.txt") as file:
        file.write(text)
    return run.log_artifact(artifact, aliases=list(aliases)).wait()


with wandb.init(project=PROJECT) as run:
    assert log(run, "one", "first").version == "v0"
    assert log(run, "two", "best").version == "v1"
    assert log(run, "one", "best").version == "v0"
    assert log(run, "three").version == "v2"

api = wandb.Api()
assert sorted(api.artifact(f"{PROJECT}/data:v0").aliases) == ["best", "first"]
assert api.artifact(f"{PROJECT}/data:best").version == "v0"
assert api.artifact(f"{PROJECT}/data:latest").version == "v2"
assert api.artifact(f"{PROJECT}/data:v1").aliases == []
versions = api.artifacts("dataset", f"{PROJECT}/data")
assert [one.version for one in versions] == ["v2", "v1", "v0"]
assert len(versions) == 3
assert [
    one.version for one in api.artifacts("dataset", f"{PROJECT}/data", per_page=1)
] == [
    "v2",
    "v1",
    "v0",
]
assert api.artifact_exists(f"{PROJECT}/data:v1")
assert not api.artifact_exists(f"{PROJECT}/data:v9")
assert not api.artifact_exists(f"{PROJECT}/other:latest")
