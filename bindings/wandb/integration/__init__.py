"""Callbacks for training libraries: `wandb.integration.xgboost`, `.keras`, ….

Each needs its library only when it is used. Lightning, transformers, accelerate, optuna
and others bring a logger of their own, which needs nothing from here.
"""

import importlib
from typing import Any

_MODULES = frozenset(
    ("catboost", "keras", "lightgbm", "sb3", "sklearn", "tensorboard", "xgboost")
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"wandb.integration.{name}")
    raise AttributeError(f"module 'wandb.integration' has no attribute {name!r}")
