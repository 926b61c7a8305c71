"""A draft of a version adds and removes files; an incremental one only adds."""

from pathlib import Path

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("data", "dataset")
    for name in ("a.txt", "b.txt"):
        with artifact.new_file(name) as file:
            file.write(name)
    first = run.log_artifact(artifact).wait()
    draft = first.new_draft()
    draft.remove("a.txt")
    with draft.new_file("c.txt") as file:
        file.write("c.txt")
    second = run.log_artifact(draft).wait()
    assert second.version == "v1"
    more = wandb.Artifact("data", "dataset", incremental=True)
    with more.new_file("d.txt") as file:
        file.write("d.txt")
    third = run.log_artifact(more).wait()
    assert third.version == "v2"

api = wandb.Api()
assert set(api.artifact(f"{PROJECT}/data:v1").manifest.entries) == {"b.txt", "c.txt"}
folder = Path(api.artifact(f"{PROJECT}/data:v2").download(root="down"))
assert sorted(path.name for path in folder.iterdir()) == ["b.txt", "c.txt", "d.txt"]
assert (folder / "b.txt").read_text() == "b.txt"
