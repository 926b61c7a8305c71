"""Saved files, those of the run itself, and the console are listed and read."""

from pathlib import Path

import wandb
from flow import PROJECT, content_of

Path("extra.txt").write_text("hello")
run = wandb.init(project=PROJECT)
print("said aloud")
run.save("extra.txt", policy="end")
run.log({"x": 1})
name = run.id
run.finish()

found = wandb.Api().run(f"{PROJECT}/{name}")
names = {file.name for file in found.files()}
assert {"extra.txt", "config.yaml", "output.log", "wandb-summary.json"} <= names, names
assert content_of(found, "extra.txt") == b"hello"
assert b"said aloud" in content_of(found, "output.log")
assert found.metadata["program"]
found.file("extra.txt").delete()
left = wandb.Api().run(f"{PROJECT}/{name}").files()
assert "extra.txt" not in {file.name for file in left}
