"""`wandb.integration.sb3`: `model.learn(…, callback=WandbCallback())`."""

from typing import Any

__all__ = ["WandbCallback"]


def __getattr__(name: str) -> Any:
    if name != "WandbCallback":
        raise AttributeError(f"module 'wandb.integration.sb3' has no '{name}'")
    from wandb.integration.sb3.callback import WandbCallback

    return WandbCallback
