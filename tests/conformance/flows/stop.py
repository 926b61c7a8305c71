"""A run that somebody stops is told so and ends."""

import subprocess
import sys

import wandb
from flow import PROJECT, until

code = f"""
import time, wandb
run = wandb.init(project={PROJECT!r}, id="long")
for number in range(3000):
    run.log({{"x": number}})
    time.sleep(0.1)
"""
process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
try:
    api = wandb.Api()

    def found() -> bool:
        try:
            return api.run(f"{PROJECT}/long").state == "running"
        except wandb.errors.CommError:
            return False

    until(found, "the run begins")
    api.run(f"{PROJECT}/long").stop()
    until(lambda: process.poll() is not None, "the script is stopped")
    until(lambda: wandb.Api().run(f"{PROJECT}/long").state == "killed", "it is told")
finally:
    process.kill()
    process.wait()
