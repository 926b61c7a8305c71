"""A table: the history's reference, the run's file and the run_table artifact."""

import json
from pathlib import Path

import wandb
from flow import PROJECT

rows = [["a", 1.5], ["ü", -2.0]]
run = wandb.init(project=PROJECT)
run.log({"table": wandb.Table(columns=["text", "number"], data=rows)})
name = run.id
run.finish()

found = wandb.Api().run(f"{PROJECT}/{name}")
[row] = found.scan_history()
assert row["table"]["_type"] == "table-file"
file = found.file(row["table"]["path"]).download(root="down", replace=True)
assert json.loads(Path(file.name).read_text())["data"] == rows
[logged] = [a for a in found.logged_artifacts() if a.type == "run_table"]
assert [list(row) for _, row in logged.get("table").iterrows()] == rows
