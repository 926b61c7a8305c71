"""Config and summary changed while the run goes on."""

import wandb
from flow import PROJECT, refused

with wandb.init(project=PROJECT, config={"lr": 0.1}) as run:
    run.config.update({"batch": 32})
    run.config["deep"] = {"er": [1, {"x": None}]}
    with refused(wandb.sdk.lib.config_util.ConfigError):
        run.config["lr"] = 0.2
    run.config.update({"lr": 0.3}, allow_val_change=True)
    run.log({"x": 1})
    run.summary["best"] = {"acc": 0.5, "at": [1, 2]}
    run.summary["gone"] = 1
    del run.summary["gone"]

found = wandb.Api().run(f"{PROJECT}/{run.id}")
assert found.config["lr"] == 0.3
assert found.config["batch"] == 32
assert found.config["deep"] == {"er": [1, {"x": None}]}
assert found.summary["best"]["acc"] == 0.5
assert found.summary["best"]["at"] == [1, 2]
assert found.summary["x"] == 1
assert "gone" not in found.summary.keys()  # noqa: SIM118
