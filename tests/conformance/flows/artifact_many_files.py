"""An artifact of two thousand files arrives and leaves whole."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("many").mkdir()
for number in range(2_000):
    Path(f"many/{number:04}.txt").write_text(f"file {number % 500}")
with wandb.init(project=PROJECT) as run:
    artifact = wandb.Artifact("many", "dataset")
    artifact.add_dir("many")
    run.log_artifact(artifact).wait()
found = wandb.Api().artifact(f"{PROJECT}/many:v0")
assert found.file_count == 2_000
folder = Path(found.download(root="down"))
for number in range(2_000):
    assert (folder / f"{number:04}.txt").read_text() == f"file {number % 500}"
assert len(list(found.files(per_page=900))) == 2_000
