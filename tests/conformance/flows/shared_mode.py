"""Two writers of one run: the rows of both, finished by the primary one."""

import wandb
from flow import PROJECT, script

WRITER = """
import wandb
run = wandb.init(project={project!r}, id="both", settings=wandb.Settings(
    mode="shared", x_primary={primary}, x_label={label!r}))
for number in range(5):
    run.log({{{label!r}: number}})
run.finish()
"""
for label, primary in (("b", False), ("a", True)):
    done = script(WRITER.format(project=PROJECT, label=label, primary=primary))
    assert done.returncode == 0, done.stderr
found = wandb.Api().run(f"{PROJECT}/both")
rows = found.history(samples=100, pandas=False)
for label in "ab":
    assert sorted(r[label] for r in rows if r.get(label) is not None) == list(range(5))
assert found.state == "finished"
