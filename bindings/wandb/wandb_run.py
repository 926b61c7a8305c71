"""`from wandb.wandb_run import Run`, as Lightning and ray do."""

from wandb.sdk.wandb_run import Run

__all__ = ["Run"]
