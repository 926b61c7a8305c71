"""The callback itself; importing this needs xgboost."""

import json
import tempfile
from pathlib import Path
from typing import Any

from xgboost.callback import TrainingCallback

from wandb.integration.current_run import (
    best_of,
    current_run,
    log_importance,
    log_model_file,
)


class WandbCallback(TrainingCallback):  # type: ignore[misc]
    """Logs the evaluations of each round, the parameters, and what the model found.

    Keys are `<data>-<metric>` and `epoch`; the best round is in the summary as
    `best_score` and `best_iteration` where training stopped early.
    """

    def __init__(
        self,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
    ) -> None:
        """
        Args:
            log_model: keep the trained model as the artifact `<run id>_model.json`.
            importance_type: gain, weight, cover, total_gain or total_cover.
            define_metric: let the summary of each metric be its best value.

        Raises:
            Error: no run is active.
        """
        super().__init__()
        self.log_model = log_model
        self.log_feature_importance = log_feature_importance
        self.importance_type = importance_type
        self.define_metric = define_metric
        self._run = current_run("WandbCallback()")
        self._defined: set[str] = set()

    def before_training(self, model: Any) -> Any:
        """Record the booster's parameters as config."""
        self._run.config.update(json.loads(model.save_config()), allow_val_change=True)
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Log the round; never asks to stop."""
        row = {
            f"{data}-{metric}": values[-1]
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        }
        for key in row:
            self._define(key)
        # Cross-validation gives (mean, standard deviation).
        row = {k: v[0] if isinstance(v, tuple) else v for k, v in row.items()}
        self._run.log({**row, "epoch": epoch})
        return False

    def after_training(self, model: Any) -> Any:
        """Log importances, the best round and, if asked for, the model."""
        if self.log_feature_importance:
            score = model.get_score(importance_type=self.importance_type)
            # A linear booster gives a list per feature where there are classes.
            flat = {k: v for k, v in score.items() if isinstance(v, int | float)}
            log_importance(self._run, flat.items())
        best = model.attr("best_score")
        if best is not None:
            number = int(model.attr("best_iteration"))
            self._run.log({"best_score": float(best), "best_iteration": number})
        elif self.log_feature_importance:
            self._run.log({})
        if self.log_model:
            self._log_model(model)
        return model

    def _define(self, key: str) -> None:
        if self.define_metric and key not in self._defined:
            self._defined.add(key)
            metric = key.rpartition("-")[2]
            self._run.define_metric(key, summary=best_of(metric))

    def _log_model(self, model: Any) -> None:
        name = f"{self._run.id}_model.json"
        with tempfile.TemporaryDirectory(prefix="wandb-model-") as folder:
            path = Path(folder) / name
            model.save_model(str(path))
            log_model_file(self._run, str(path), name)
