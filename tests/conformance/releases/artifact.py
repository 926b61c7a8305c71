"""An artifact with aliases: logged twice, used, downloaded, listed."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("a.txt").write_text("hello a")
run = wandb.init(project=PROJECT)
maker = run.id
for version in range(2):
    artifact = wandb.Artifact("data", type="dataset", metadata={"k": version})
    artifact.add_file("a.txt", name="d/a.txt")
    with artifact.new_file("made.txt") as file:
        file.write(f"version {version}")
    run.log_artifact(artifact, aliases=["latest", f"was-{version}"])
    artifact.wait()
run.finish()

run = wandb.init(project=PROJECT)
user = run.id
used = run.use_artifact("data:latest")
folder = Path(used.download(root="down"))
assert (used.version, used.metadata) == ("v1", {"k": 1})
assert (folder / "d/a.txt").read_text() == "hello a"
assert (folder / "made.txt").read_text() == "version 1"
run.finish()

api = wandb.Api()
old = api.artifact(f"{PROJECT}/data:was-0")
assert (old.version, old.state, old.type) == ("v0", "COMMITTED", "dataset")
assert "latest" not in old.aliases
assert (Path(old.download(root="old")) / "made.txt").read_text() == "version 0"
assert {file.name for file in old.files()} == {"d/a.txt", "made.txt"}
logged = api.run(f"{PROJECT}/{maker}").logged_artifacts()
assert [a.name for a in logged] == ["data:v0", "data:v1"]
assert [a.name for a in api.run(f"{PROJECT}/{user}").used_artifacts()] == ["data:v1"]
assert used.logged_by().id == maker
assert [kind.name for kind in api.artifact_types(project=PROJECT)] == ["dataset"]
