"""`wandb.catboost`: the old place of `wandb.integration.catboost`."""

from typing import Any

from wandb.integration import catboost as _integration


def __getattr__(name: str) -> Any:
    return getattr(_integration, name)
