"""`wandb.integration.keras`: callbacks for `model.fit`, with any backend of Keras."""

from typing import Any

__all__ = ["WandbEvalCallback", "WandbMetricsLogger", "WandbModelCheckpoint"]

_PLACES = {
    "WandbEvalCallback": "evaluation",
    "WandbMetricsLogger": "metrics",
    "WandbModelCheckpoint": "checkpoint",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _PLACES:
        raise AttributeError(f"module 'wandb.integration.keras' has no '{name}'")
    module = importlib.import_module(f"wandb.integration.keras.{_PLACES[name]}")
    return getattr(module, name)
