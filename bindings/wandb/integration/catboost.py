"""`wandb.integration.catboost`: `model.fit(…, callbacks=[WandbCallback()])`."""

import tempfile
from pathlib import Path
from typing import Any

from wandb.integration.current_run import current_run, log_importance, log_model_file

__all__ = ["WandbCallback", "log_summary"]


class WandbCallback:
    """Logs `<data>-<metric>` and `iteration@metric-period-<n>` each round."""

    def __init__(self, metric_period: int = 1) -> None:
        """
        Args:
            metric_period: the one that `fit` was given.

        Raises:
            Error: no run is active.
        """
        self.metric_period = metric_period
        self._run = current_run("WandbCallback()")

    def after_iteration(self, info: Any) -> bool:
        """Log the round; True: training goes on."""
        if info.iteration % self.metric_period == 0:
            row: dict[str, Any] = {
                f"{data}-{metric}": values[-1]
                for data, metrics in info.metrics.items()
                for metric, values in metrics.items()
            }
            row[f"iteration@metric-period-{self.metric_period}"] = info.iteration
            self._run.log(row)
        return True


def log_summary(
    model: Any,
    log_all_params: bool = True,
    save_model_checkpoint: bool = False,
    log_feature_importance: bool = True,
) -> None:
    """Record a trained model: parameters, best round, importances, the model.

    Raises:
        Error: no run is active.
        TypeError: it is not a CatBoost model.
    """
    run = current_run("log_summary()")
    if not hasattr(model, "get_all_params"):
        raise TypeError(f"log_summary takes a CatBoost model, not {type(model)}")
    params = model.get_all_params() if log_all_params else model.get_params()
    run.config.update(params, allow_val_change=True)
    run.summary["best_iteration"] = model.get_best_iteration()
    run.summary["best_score"] = model.get_best_score()
    if log_feature_importance:
        names, values = model.feature_names_, model.get_feature_importance()
        rows = zip(map(str, names), map(float, values), strict=True)
        log_importance(run, rows)
        run.log({})
    if save_model_checkpoint:
        with tempfile.TemporaryDirectory(prefix="wandb-model-") as folder:
            path = Path(folder) / f"model_{run.id}.cbm"
            model.save_model(str(path))
            log_model_file(run, str(path), f"model_{run.id}", ("best", "latest"))
