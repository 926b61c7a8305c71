"""Tables of predictions after each epoch; users say what is in them."""

import abc
from collections.abc import Sequence
from typing import Any

import wandb
from wandb.integration.current_run import current_run
from wandb.integration.keras.library import keras


class WandbEvalCallback(keras.callbacks.Callback, abc.ABC):  # type: ignore[misc]
    """Fills a table of data once and a table of predictions after each epoch.

    Subclasses add rows to `self.data_table` in `add_ground_truth`, and to
    `self.pred_table` in `add_model_predictions`.
    """

    def __init__(
        self, data_table_columns: Sequence[str], pred_table_columns: Sequence[str]
    ) -> None:
        """
        Raises:
            Error: no run is active.
        """
        super().__init__()
        self._run = current_run("WandbEvalCallback()")
        self.data_table_columns = list(data_table_columns)
        self.pred_table_columns = list(pred_table_columns)
        self.data_table: Any = None
        self.data_table_ref: Any = None
        self.pred_table: Any = None

    @abc.abstractmethod
    def add_ground_truth(self, logs: dict[str, float] | None = None) -> None:
        """Add the rows of `self.data_table`."""

    @abc.abstractmethod
    def add_model_predictions(
        self, epoch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Add the rows of `self.pred_table`."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Log the table of data."""
        self.init_data_table(self.data_table_columns)
        self.add_ground_truth(logs)
        self.log_data_table()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the table of predictions."""
        self.init_pred_table(self.pred_table_columns)
        self.add_model_predictions(epoch, logs)
        self.log_pred_table(aliases=["latest", f"epoch_{epoch}"])

    def init_data_table(self, column_names: Sequence[str]) -> None:
        """Begin an empty table of data."""
        self.data_table = wandb.Table(
            columns=list(column_names), allow_mixed_types=True
        )

    def init_pred_table(self, column_names: Sequence[str]) -> None:
        """Begin an empty table of predictions."""
        self.pred_table = wandb.Table(
            columns=list(column_names), allow_mixed_types=True
        )

    def log_data_table(
        self, name: str = "val", type: str = "dataset", table_name: str = "val_data"
    ) -> None:
        """Log the data as an artifact; `self.data_table_ref` is the table in it."""
        artifact = wandb.Artifact(name, type=type)
        artifact.add(self.data_table, table_name)
        self._run.log_artifact(artifact)
        self.data_table_ref = self.data_table

    def log_pred_table(
        self,
        type: str = "evaluation",
        table_name: str = "eval_data",
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Log the predictions as an artifact of the run."""
        artifact = wandb.Artifact(f"run_{self._run.id}_pred", type=type)
        artifact.add(self.pred_table, table_name)
        self._run.log_artifact(artifact, aliases=list(aliases or ("latest",)))

    def get_data_table_indices(self) -> list[int]:
        """The numbers of the rows of the table of data."""
        return list(range(len(self.data_table.data)))
