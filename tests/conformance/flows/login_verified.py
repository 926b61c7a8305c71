"""Log in with verification; a wrong key is refused in words."""

import os

import wandb
from flow import refused

assert wandb.login(verify=True)
key = os.environ.pop("WANDB_API_KEY")
with refused(wandb.errors.AuthenticationError, "wandb login --relogin"):
    wandb.login(key="x" * 40, relogin=True, verify=True)
assert wandb.login(key=key, relogin=True, verify=True)
