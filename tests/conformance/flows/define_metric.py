"""Metrics with an x-axis and a summary of their own; definitions are kept."""

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    run.define_metric("epoch", hidden=True)
    run.define_metric("val/*", step_metric="epoch", summary="min")
    run.define_metric("acc", summary="max")
    for epoch, (loss, acc) in enumerate([(3.0, 0.1), (1.0, 0.9), (2.0, 0.5)]):
        run.log({"epoch": epoch, "val/loss": loss, "acc": acc})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
assert found.summary["val/loss"]["min"] == 1.0
assert found.summary["acc"]["max"] == 0.9
definitions = found.rawconfig["_wandb"]["m"]
assert len(definitions) >= 3
