"""`wandb.integration.xgboost`: `xgboost.train(…, callbacks=[WandbCallback()])`."""

from typing import Any

__all__ = ["WandbCallback", "wandb_callback"]


def wandb_callback() -> Any:
    """The old name of `WandbCallback()`."""
    return __getattr__("WandbCallback")()


def __getattr__(name: str) -> Any:
    if name != "WandbCallback":
        raise AttributeError(f"module 'wandb.integration.xgboost' has no '{name}'")
    from wandb.integration.xgboost.callback import WandbCallback

    return WandbCallback
