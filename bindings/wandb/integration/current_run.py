"""What all integrations need: the active run, and a bar chart of importances."""

from collections.abc import Iterable, Sequence
from typing import Any

import wandb
from wandb.errors import Error

_HIGHER_IS_BETTER_TEXT = """
accuracy acc auc aucpr average_precision f1 map ndcg pre precision r2 recall
"""
_HIGHER_IS_BETTER = frozenset(_HIGHER_IS_BETTER_TEXT.split())


def current_run(name: str) -> Any:
    """The active run.

    Raises:
        Error: there is none; `name` says who needs it.
    """
    if wandb.run is None:
        raise Error(f"You must call wandb.init() before {name}")
    return wandb.run


def best_of(metric: str) -> str:
    """`max` for metrics that are known to be better when higher, else `min`."""
    word = metric.lower().partition("@")[0]
    return "max" if word in _HIGHER_IS_BETTER else "min"


def log_importance(run: Any, importances: Iterable[tuple[str, float]]) -> None:
    """Log the chart `Feature Importance`, the highest first."""
    rows = sorted(importances, key=lambda row: -row[1])
    if not rows:
        return
    table = wandb.Table(
        columns=["Feature", "Importance"], data=[list(row) for row in rows]
    )
    chart = wandb.plot.bar(table, "Feature", "Importance", title="Feature Importance")
    run.log({"Feature Importance": chart}, commit=False)


def log_model_file(
    run: Any, path: str, name: str, aliases: Sequence[str] = ("latest",)
) -> None:
    """Log one file as an artifact of type `model`."""
    artifact = wandb.Artifact(name, type="model")
    artifact.add_file(path)
    run.log_artifact(artifact, aliases=list(aliases))
