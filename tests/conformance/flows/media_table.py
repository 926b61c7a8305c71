"""A table is an artifact that the history refers to, and a file of the run."""

import json
import math
from pathlib import Path

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    table = wandb.Table(columns=["text", "number"], data=[["a", 1.5], ["ü", -2.0]])
    run.log({"table": table})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
[row] = found.scan_history()
assert row["table"]["_type"] == "table-file"
assert (row["table"]["nrows"], row["table"]["ncols"]) == (2, 2)
file = found.file(row["table"]["path"]).download(replace=True)
assert json.loads(Path(file.name).read_text())["data"] == [["a", 1.5], ["ü", -2.0]]
[logged] = [a for a in found.logged_artifacts() if a.type == "run_table"]
read = logged.get("table")
assert [list(row) for _, row in read.iterrows()] == [["a", 1.5], ["ü", -2.0]]
assert not math.isnan(read.data[0][1])
