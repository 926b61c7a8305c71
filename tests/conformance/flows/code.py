"""The source code of a run: as an artifact, and the main program as a file."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("src").mkdir()
Path("src/model.py").write_text("layers = 3\n")
Path("src/notes.txt").write_text("not code\n")
with wandb.init(project=PROJECT) as run:
    logged = run.log_code("src", name="my-code")
    assert logged is not None
    logged.wait()

found = wandb.Api().artifact(f"{PROJECT}/my-code:latest")
assert found.type == "code"
assert [file.name for file in found.files()] == ["model.py"]
folder = found.download(root="down")
assert Path(folder, "model.py").read_text() == "layers = 3\n"
