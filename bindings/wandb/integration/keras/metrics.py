"""Losses and metrics of each epoch, or of batches."""

from typing import Any

from wandb.integration.current_run import current_run
from wandb.integration.keras.library import keras


class WandbMetricsLogger(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs `epoch/<metric>` after each epoch and, if asked for, `batch/<metric>`.

    `epoch/epoch` and `batch/batch_step` are the x-axes; the learning rate is logged
    beside both.
    """

    def __init__(
        self, log_freq: str | int = "epoch", initial_global_step: int = 0
    ) -> None:
        """
        Args:
            log_freq: epoch, batch, or every how many batches to log too.
            initial_global_step: of the first batch, where training goes on.

        Raises:
            Error: no run is active.
            ValueError: log_freq cannot be.
        """
        super().__init__()
        self._run = current_run("WandbMetricsLogger()")
        self.log_freq = _batches(log_freq)
        self.global_step = initial_global_step
        run = self._run
        run.define_metric("epoch/epoch")
        run.define_metric("epoch/*", step_metric="epoch/epoch")
        if self.log_freq:
            run.define_metric("batch/batch_step")
            run.define_metric("batch/*", step_metric="batch/batch_step")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log what Keras found in the epoch, validation included."""
        row = {f"epoch/{key}": value for key, value in (logs or {}).items()}
        row["epoch/epoch"] = epoch
        self._run.log(self._with_rate(row, "epoch"))

    def on_train_batch_end(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        """Log every log_freq-th batch."""
        self.global_step += 1
        if not self.log_freq or batch % self.log_freq:
            return
        row = {f"batch/{key}": value for key, value in (logs or {}).items()}
        row["batch/batch_step"] = self.global_step
        self._run.log(self._with_rate(row, "batch"))

    def _with_rate(self, row: dict[str, Any], prefix: str) -> dict[str, Any]:
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if callable(rate):
            rate = rate(self.global_step)  # a schedule
        try:
            row[f"{prefix}/learning_rate"] = float(keras.ops.convert_to_numpy(rate))
        except (AttributeError, TypeError, ValueError):
            pass  # an optimizer without one
        return row


def _batches(log_freq: str | int) -> int:
    """Every how many batches; 0: never."""
    if log_freq in ("epoch", "batch"):
        return 1 if log_freq == "batch" else 0
    if isinstance(log_freq, bool) or not isinstance(log_freq, int) or log_freq < 1:
        raise ValueError(f"log_freq is epoch, batch or a number > 0, not {log_freq!r}")
    return log_freq
