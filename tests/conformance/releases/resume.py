"""A finished run is resumed: steps go on, the config of both parts is there."""

import wandb
from flow import PROJECT

for part, mode in enumerate(("allow", "allow", "must")):
    run = wandb.init(project=PROJECT, id="one", resume=mode, config={f"p{part}": 1})
    assert run.resumed == (part > 0)
    run.log({"x": part})
    run.log({"x": part + 0.5})
    run.finish()

found = wandb.Api().run(f"{PROJECT}/one")
assert found.config == {"p0": 1, "p1": 1, "p2": 1}
rows = [(row["_step"], row["x"]) for row in found.scan_history()]
assert rows == [(number, number / 2) for number in range(6)]
