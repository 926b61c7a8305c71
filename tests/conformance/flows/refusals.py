"""What cannot be is refused in words that people see."""

import wandb
from flow import PROJECT, refused

api = wandb.Api()
wandb.init(project=PROJECT, id="r").finish()
with refused(wandb.errors.CommError, "Could not find run"):
    api.run(f"{PROJECT}/absent")
with refused(ValueError, "Could not find project"):
    len(api.runs("absent-project"))
with refused(Exception, "$frob"):
    len(api.runs(PROJECT, filters={"$frob": 1}))
with refused(wandb.errors.CommError, "nothing"):
    api.artifact(f"{PROJECT}/nothing:latest")
with refused(Exception, "no access"):
    wandb.init(project=PROJECT, entity="somebody-else")
