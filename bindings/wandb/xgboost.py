"""`wandb.xgboost`: the old place of `wandb.integration.xgboost`."""

from typing import Any

from wandb.integration import xgboost as _integration


def __getattr__(name: str) -> Any:
    return getattr(_integration, name)
