"""A script that raises leaves a failed run with its exit code."""

import wandb
from flow import PROJECT, script

done = script(
    f"import wandb; wandb.init(project={PROJECT!r}, id='fails'); raise ValueError(3)"
)
assert done.returncode == 1
assert wandb.Api().run(f"{PROJECT}/fails").state == "failed"
