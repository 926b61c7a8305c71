"""`wandb.tensorboard`: the old place of `wandb.integration.tensorboard`."""

from wandb.integration.tensorboard import patch, unpatch

__all__ = ["patch", "unpatch"]
