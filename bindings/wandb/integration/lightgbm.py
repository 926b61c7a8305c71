"""`wandb.integration.lightgbm`: `lightgbm.train(…, callbacks=[wandb_callback()])`."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wandb.integration.current_run import current_run, log_importance, log_model_file

__all__ = ["log_summary", "wandb_callback"]


def wandb_callback(
    log_params: bool = True, define_metric: bool = True
) -> Callable[[Any], None]:
    """A callback that logs `<data>_<metric>` and `iteration` each round.

    Args:
        log_params: record the parameters as config.
        define_metric: let the summary of each metric be its best value.

    Raises:
        Error: no run is active.
    """
    run = current_run("wandb_callback()")
    defined: set[str] = set()

    def callback(env: Any) -> None:
        if log_params and env.iteration == env.begin_iteration:
            run.config.update(_plain(env.params), allow_val_change=True)
        row: dict[str, Any] = {"iteration": env.iteration}
        for (
            data,
            metric,
            value,
            is_higher_better,
            *spread,
        ) in env.evaluation_result_list:
            key = f"{data}_{metric}"
            if define_metric and key not in defined:
                defined.add(key)
                run.define_metric(key, summary="max" if is_higher_better else "min")
            row[key] = value
            if spread:  # of cross-validation
                row[f"{key}_stdv"] = spread[0]
        run.log(row)

    return callback


def log_summary(
    model: Any, feature_importance: bool = True, save_model_checkpoint: bool = False
) -> None:
    """Record a trained booster: best round and scores, importances, the model.

    Raises:
        Error: no run is active.
        TypeError: it is not a Booster.
    """
    run = current_run("log_summary()")
    if not hasattr(model, "feature_importance"):
        raise TypeError(f"log_summary takes a lightgbm.Booster, not {type(model)}")
    run.summary["best_iteration"] = model.best_iteration
    if model.best_score:
        scores = {data: dict(values) for data, values in model.best_score.items()}
        run.summary["best_score"] = scores
    if feature_importance:
        gains = model.feature_importance(importance_type="gain")
        names = model.feature_name()
        log_importance(run, zip(names, map(float, gains), strict=True))
        run.log({})
    if save_model_checkpoint:
        with tempfile.TemporaryDirectory(prefix="wandb-model-") as folder:
            path = Path(folder) / f"model_{run.id}.txt"
            model.save_model(str(path), num_iteration=model.best_iteration)
            log_model_file(run, str(path), f"model_{run.id}", ("best", "latest"))


def _plain(params: Any) -> dict[str, Any]:
    """Parameters without what is code: custom objectives by their name."""
    return {
        key: getattr(value, "__name__", str(value)) if callable(value) else value
        for key, value in params.items()
    }
