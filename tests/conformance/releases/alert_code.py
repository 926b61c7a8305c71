"""An alert, code of the run, a metric's definition and system metrics are taken."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("mine.py").write_text("x = 1")
run = wandb.init(project=PROJECT)
run.define_metric("epoch")
run.define_metric("acc", step_metric="epoch", summary="max")
for number in (1, 3, 2):
    run.log({"epoch": number, "acc": number})
run.alert("look", "at this")
assert run.log_code(".") is not None
name = run.id
run.finish()

found = wandb.Api().run(f"{PROJECT}/{name}")
assert found.summary["acc"]["max"] == 3, dict(found.summary)
kinds = [artifact.type for artifact in found.logged_artifacts()]
assert "code" in kinds, kinds
found.history(stream="system", pandas=False)
