"""resume= allow, must and never, for runs that are there and for those that are not."""

import wandb
from flow import PROJECT, refused, script

for part in range(2):
    with wandb.init(project=PROJECT, id="one", resume="allow") as run:
        assert run.resumed == (part == 1)
        run.log({"x": part})
        run.log({"x": part + 0.5})
with wandb.init(project=PROJECT, id="one", resume="must", config={"more": 1}) as run:
    run.log({"x": 9})
rows = wandb.Api().run(f"{PROJECT}/one").scan_history()
assert [(r["_step"], r["x"]) for r in rows] == [
    (0, 0),
    (1, 0.5),
    (2, 1),
    (3, 1.5),
    (4, 9),
]
assert wandb.Api().run(f"{PROJECT}/one").config["more"] == 1
absent = f"import wandb; wandb.init(project={PROJECT!r}, id='absent', resume='must')"
done = script(absent)
assert done.returncode != 0
assert "does not exist" in done.stderr, done.stderr
known = f"import wandb; wandb.init(project={PROJECT!r}, id='one', resume='never')"
done = script(known)
assert done.returncode != 0
assert "UsageError" in done.stderr, done.stderr
with wandb.init(project=PROJECT, id="fresh", resume="never") as run:
    run.log({"x": 1})
assert wandb.Api().run(f"{PROJECT}/fresh").lastHistoryStep == 0
with refused(Exception, "absent"):
    wandb.Api().run(f"{PROJECT}/absent")
