"""Small parts that integrations import by name."""

import importlib
from typing import Any

from wandb.sdk.lib.disabled import RunDisabled

__all__ = ["RunDisabled"]

_MODULES_TEXT = "config_util deprecation disabled filesystem paths runid telemetry"
_MODULES = frozenset(_MODULES_TEXT.split())


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"wandb.sdk.lib.{name}")
    raise AttributeError(f"module 'wandb.sdk.lib' has no attribute {name!r}")
