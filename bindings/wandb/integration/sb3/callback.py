"""The callback itself; importing this needs stable_baselines3."""

import os
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from wandb.integration.current_run import current_run

_LOGS = (None, "gradients", "parameters", "all")


class WandbCallback(BaseCallback):  # type: ignore[misc]
    """Records the parameters of the algorithm, watches its policy, keeps the model.

    Metrics come through TensorBoard: `wandb.init(sync_tensorboard=True)` and a
    `tensorboard_log` of the model.
    """

    def __init__(
        self,
        verbose: int = 0,
        model_save_path: str | None = None,
        model_save_freq: int = 0,
        gradient_save_freq: int = 0,
        log: str | None = "all",
    ) -> None:
        """
        Args:
            model_save_path: folder for `model.zip`, kept with the run's files.
            model_save_freq: every how many calls to save; 0: at the end only.
            gradient_save_freq: every how many batches to log histograms; 0: never.
            log: what of the policy to watch: gradients, parameters or all.

        Raises:
            Error: no run is active.
            ValueError: model_save_freq without a path; a `log` that cannot be.
        """
        super().__init__(verbose)
        if model_save_freq and model_save_path is None:
            raise ValueError("model_save_freq needs a model_save_path.")
        if log not in _LOGS:
            raise ValueError(f"log is one of {_LOGS}, not {log!r}")
        self._run = current_run("WandbCallback()")
        self.model_save_path = model_save_path
        self.model_save_freq = model_save_freq
        self.gradient_save_freq = gradient_save_freq
        self.log = log

    def _init_callback(self) -> None:
        facts: dict[str, Any] = {"algo": type(self.model).__name__}
        for key, value in vars(self.model).items():
            if not key.startswith("_") and isinstance(value, int | float | str | bool):
                facts[key] = value
            elif not key.startswith("_"):
                facts[key] = str(value)
        self._run.config.setdefaults(facts)
        if self.gradient_save_freq > 0 and self.log is not None:
            self._run.watch(
                self.model.policy, log=self.log, log_freq=self.gradient_save_freq
            )

    def _on_step(self) -> bool:
        if self.model_save_freq and self.n_calls % self.model_save_freq == 0:
            self.save_model()
        return True

    def _on_training_end(self) -> None:
        if self.model_save_path is not None:
            self.save_model()

    def save_model(self) -> None:
        """Write `model.zip` and keep it with the run's files."""
        assert self.model_save_path is not None
        os.makedirs(self.model_save_path, exist_ok=True)
        path = os.path.join(self.model_save_path, "model.zip")
        self.model.save(path)
        self._run.save(path, base_path=self.model_save_path)
