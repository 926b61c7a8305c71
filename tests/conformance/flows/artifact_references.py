"""References are listed and downloaded from where they point; others' files too."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("local.txt").write_text("by reference")
with wandb.init(project=PROJECT) as run:
    base = wandb.Artifact("base", "dataset")
    with base.new_file("x.txt") as file:
        file.write("from base")
    base = run.log_artifact(base).wait()
    artifact = wandb.Artifact("refs", "dataset")
    artifact.add_reference(Path("local.txt").absolute().as_uri(), name="local.txt")
    artifact.add_reference(
        "https://example.invalid/y.csv", name="far.csv", checksum=False
    )
    artifact.add_reference(base.get_entry("x.txt"), "x.txt")
    run.log_artifact(artifact).wait()

found = wandb.Api().artifact(f"{PROJECT}/refs:latest")
assert {file.name for file in found.files()} == {"local.txt", "far.csv", "x.txt"}
entries = found.manifest.entries
assert entries["far.csv"].ref == "https://example.invalid/y.csv"
assert entries["local.txt"].ref.startswith("file://")
assert found.get_entry("far.csv").ref_target() == "https://example.invalid/y.csv"
local = found.get_entry("local.txt").download(root="down")
assert Path(local).read_text() == "by reference"
other = found.get_entry("x.txt").download(root="down")
assert Path(other).read_text() == "from base"
