"""A sweep is paused, resumed, changed, stopped and canceled with the tool."""

import os
import subprocess
import sys
from pathlib import Path

import wandb
from flow import ENTITY, PROJECT, tool, until

LONG = """
import time, wandb
run = wandb.init()
for number in range(600):
    run.log({"loss": number})
    time.sleep(0.1)
"""
CONFIG = """
program: long.py
method: random
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}}
"""
Path("long.py").write_text(LONG)
Path("sweep.yaml").write_text(CONFIG)
command = Path(sys.executable).with_name("wandb")
os.environ["PATH"] = f"{command.parent}{os.pathsep}{os.environ['PATH']}"

said = tool("sweep", "--project", PROJECT, "sweep.yaml")
name = said.partition("with ID: ")[2].split()[0]
path = f"{ENTITY}/{PROJECT}/{name}"


def state() -> str:
    return str(wandb.Api().sweep(path).state)


Path("sweep.yaml").write_text(CONFIG + "run_cap: 7\n")
tool("sweep", "--update", path, "sweep.yaml")
assert wandb.Api().sweep(path).expected_run_count == 7

agent = subprocess.Popen([command, "agent", path])
try:
    until(lambda: len(wandb.Api().sweep(path).runs) == 1, "a run begins")
    assert state() == "RUNNING"
    tool("sweep", "--pause", path)
    assert state() == "PAUSED"
    tool("sweep", "--resume", path)
    assert state() == "RUNNING"
    (run,) = wandb.Api().sweep(path).runs
    assert run.state == "running"  # neither was meant for it

    tool("sweep", "--cancel", path)

    assert state() == "CANCELED"
    assert agent.wait(timeout=60) == 0
    assert wandb.Api().run("/".join(run.path)).state != "running"
finally:
    agent.kill()
    agent.wait()

said = tool("sweep", "--project", PROJECT, "sweep.yaml")
name = said.partition("with ID: ")[2].split()[0]
path = f"{ENTITY}/{PROJECT}/{name}"
tool("sweep", "--stop", path)
assert state() == "FINISHED"
assert "exit command" in tool("agent", path)
assert len(wandb.Api().sweep(path).runs) == 0
