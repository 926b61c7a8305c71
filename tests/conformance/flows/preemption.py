"""A run that says it will be preempted and then fails is preempted."""

import wandb
from flow import PROJECT, script

done = script(
    f"""
import wandb
run = wandb.init(project={PROJECT!r}, id="pre")
run.log({{"x": 1}})
run.mark_preempting()
run.finish(exit_code=1)
"""
)
assert wandb.Api().run(f"{PROJECT}/pre").state == "preempted", done.stderr
