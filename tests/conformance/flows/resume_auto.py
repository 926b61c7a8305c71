"""resume="auto" goes on with the run of this directory that crashed."""

import wandb
from flow import PROJECT, script

first = script(
    f"""
import os, wandb
run = wandb.init(project={PROJECT!r}, resume="auto")
run.log({{"x": 0}})
print("ID", run.id, flush=True)
import time; time.sleep(2)
os._exit(1)
"""
)
[identity] = [line[3:] for line in first.stdout.splitlines() if line.startswith("ID ")]
with wandb.init(project=PROJECT, resume="auto") as run:
    assert run.id == identity, (run.id, identity)
    run.log({"x": 1})
rows = list(wandb.Api().run(f"{PROJECT}/{identity}").scan_history())
assert [row["x"] for row in rows][-1] == 1
