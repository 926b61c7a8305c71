"""`wandb.lightgbm`: the old place of `wandb.integration.lightgbm`."""

from typing import Any

from wandb.integration import lightgbm as _integration


def __getattr__(name: str) -> Any:
    return getattr(_integration, name)
