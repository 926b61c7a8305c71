"""The run in the logs beside this, each made by the official client of its version."""

import math

import wandb

version = wandb.__version__
run = wandb.init(
    mode="offline",
    project="official",
    id="v" + version.replace(".", "-"),
    name="made by " + version,
    tags=["a", "b"],
    notes="small",
    group="g",
    job_type="train",
    config={"lr": 0.1, "layers": [1, 2], "nested": {"a": None}},
    settings=wandb.Settings(_disable_stats=True, _disable_meta=True)
    if version < "0.18"
    else wandb.Settings(x_disable_stats=True, x_disable_meta=True, disable_git=True),
)
run.define_metric("best", summary="max")
for step in range(12):
    run.log(
        {
            "loss": 1 / (step + 1),
            "best": step % 5,
            "deep": {"er": step},
            "text": f"row {step}",
        }
    )
run.log({"odd": math.nan, "big": 2**53}, step=20)
run.log({"late": 1}, step=25)
print("hello from", version)
run.summary["explicit"] = "yes"
try:
    run.alert("title", "text")
except Exception as e:
    print(e)
run.config.update({"lr": 0.2}, allow_val_change=True)
run.finish(exit_code=0)
