"""`wandb.sklearn`: the old place of `wandb.integration.sklearn`."""

from typing import Any

from wandb.integration import sklearn as _integration


def __getattr__(name: str) -> Any:
    return getattr(_integration, name)
