"""How a script ends is how its run ends."""

import wandb
from flow import PROJECT, script, until

ENDS = {
    "finish": ("run.finish()", "finished"),
    "zero": ("run.finish(exit_code=0)", "finished"),
    "seven": ("run.finish(exit_code=7)", "failed"),
    "exit": ("import sys; sys.exit(0)", "finished"),
    "exit3": ("import sys; sys.exit(3)", "failed"),
    "raise": ("raise RuntimeError('x')", "failed"),
    "nothing": ("pass", "finished"),
    "preempted": ("run.mark_preempting(); run.finish(exit_code=1)", "preempted"),
    "spared": ("run.mark_preempting(); run.finish()", "finished"),
}
for name, (end, _) in ENDS.items():
    script(
        f"import wandb\nrun = wandb.init(project={PROJECT!r}, id={name!r})\n"
        f"run.log({{'x': 1}})\n{end}"
    )
api = wandb.Api()
found = {name: api.run(f"{PROJECT}/{name}").state for name in ENDS}
assert found == {name: state for name, (_, state) in ENDS.items()}, found

with wandb.init(project=PROJECT, id="going") as run:
    run.log({"x": 1})
    run.mark_preempting()
    until(lambda: wandb.Api().run(f"{PROJECT}/going").state == "preempting", "told")
