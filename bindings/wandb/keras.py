"""`wandb.keras`: the old place of `wandb.integration.keras`."""

from typing import Any

from wandb.integration import keras as _integration


def __getattr__(name: str) -> Any:
    return getattr(_integration, name)
