"""Checkpoints as artifacts."""

import os
from pathlib import Path
from typing import Any

import wandb
from wandb.integration.current_run import current_run
from wandb.integration.keras.library import keras


class WandbModelCheckpoint(keras.callbacks.ModelCheckpoint):  # type: ignore[misc]
    """Keras' ModelCheckpoint, each saved file also a version of `run_<id>_model`."""

    def __init__(self, filepath: str | os.PathLike[str], **options: Any) -> None:
        """
        Args:
            filepath: as for ModelCheckpoint; may hold {epoch} and metrics.
            options: all others of ModelCheckpoint, such as monitor, save_best_only.

        Raises:
            Error: no run is active.
        """
        super().__init__(os.fspath(filepath), **options)
        self._run = current_run("WandbModelCheckpoint()")
        self._logged: dict[str, int] = {}
        """By path: the time of the last change that was logged, in ns."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save and log, where save_freq counts batches."""
        super().on_train_batch_end(batch, logs)
        if self.save_freq != "epoch":
            self._log_news(f"batch_{batch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save and log, where save_freq is the epoch."""
        super().on_epoch_end(epoch, logs)
        if self.save_freq == "epoch":
            self._log_news(f"epoch_{epoch}")

    def _log_news(self, alias: str) -> None:
        """Log the newest file that the pattern made since the last time."""
        path = _newest(Path(str(self.filepath)))
        if path is None:
            return
        changed_at = path.stat().st_mtime_ns
        if self._logged.get(str(path)) == changed_at:
            return
        self._logged[str(path)] = changed_at
        name = f"run_{self._run.id}_model"
        artifact = wandb.Artifact(name, type="model", metadata=self._options())
        if path.is_dir():
            artifact.add_dir(str(path))
        else:
            artifact.add_file(str(path))
        self._run.log_artifact(artifact, aliases=["latest", alias])

    def _options(self) -> dict[str, Any]:
        names = ("monitor", "save_best_only", "save_weights_only", "save_freq")
        return {name: getattr(self, name, None) for name in names}


def _newest(pattern: Path) -> Path | None:
    """The file of this name, each {placeholder} in it standing for anything."""
    import re

    glob = re.sub(r"\{[^}]*\}", "*", pattern.name)
    found = [path for path in pattern.parent.glob(glob) if path.exists()]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
