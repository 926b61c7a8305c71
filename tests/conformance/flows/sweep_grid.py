"""A grid made with the tool, worked on by two agents, read back with the public API."""

import os
import subprocess
import sys
from pathlib import Path

import wandb
from flow import ENTITY, PROJECT, tool

SCRIPT = """
import sys, wandb
run = wandb.init()
assert run.sweep_id and [a for a in sys.argv if a.startswith("--lr=")], sys.argv
run.log({"loss": run.config["lr"] * run.config["model"]["depth"]})
run.finish()
"""
CONFIG = """
program: train.py
method: grid
name: by the tool
description: two by two
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.5, 0.25]}
  model:
    parameters:
      depth: {values: [2, 4]}
      kind: {value: mlp}
"""
Path("train.py").write_text(SCRIPT)
Path("sweep.yaml").write_text(CONFIG)
command = Path(sys.executable).with_name("wandb")
# Agents start `/usr/bin/env python`.
os.environ["PATH"] = f"{command.parent}{os.pathsep}{os.environ['PATH']}"

said = tool("sweep", "--project", PROJECT, "sweep.yaml")
name = said.partition("with ID: ")[2].split()[0]
path = f"{ENTITY}/{PROJECT}/{name}"
before = wandb.Api().sweep(path)
assert before.state == "PENDING"
assert before.expected_run_count == 4

agents = [subprocess.Popen([command, "agent", path]) for _ in range(2)]
for agent in agents:
    assert agent.wait(timeout=120) == 0

api = wandb.Api()
sweep = api.sweep(path)
assert sweep.state == "FINISHED"
assert sweep.name == "by the tool"
assert sweep.config["parameters"]["lr"] == {"values": [0.5, 0.25]}
assert sweep.order == "+summary_metrics.loss"
tried = sorted((run.config["lr"], run.config["model"]["depth"]) for run in sweep.runs)
assert tried == [(0.25, 2), (0.25, 4), (0.5, 2), (0.5, 4)], tried
assert all(run.config["model"]["kind"] == "mlp" for run in sweep.runs)
assert {run.state for run in sweep.runs} == {"finished"}
best = sweep.best_run()
assert (best.config["lr"], best.summary["loss"]) == (0.25, 0.5)
assert best.sweep_name == name
assert api.run("/".join(best.path)).sweep.id == name
assert [one.id for one in api.project(PROJECT).sweeps()] == [name]
assert len(sweep.agents()) == 2
assert len(api.runs(PROJECT, {"sweep": name})) == 4
