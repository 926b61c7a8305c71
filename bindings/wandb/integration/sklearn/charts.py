"""Rows to charts, and charts to the active run."""

from collections.abc import Iterable, Sequence
from typing import Any

import wandb
from wandb.integration.current_run import current_run

ROWS_MAX = 10_000


def log_chart(name: str, chart: Any) -> None:
    """Log a chart under a key of the active run.

    Raises:
        Error: no run is active.
    """
    current_run(f"wandb.sklearn.plot_{name}()").log({name: chart})


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """A table of plain Python values, evenly thinned to ROWS_MAX rows."""
    found = [[_plain(cell) for cell in row] for row in rows]
    if len(found) > ROWS_MAX:
        step = len(found) / ROWS_MAX
        found = [found[int(place * step)] for place in range(ROWS_MAX)]
    return wandb.Table(columns=list(columns), data=found)


def names_of(labels: Sequence[Any] | None, classes: Any) -> list[str]:
    """The label of each class (an array): the given ones, where there are enough."""
    if labels is not None and len(labels) >= len(classes):
        return [str(label) for label in labels[: len(classes)]]
    return [str(_plain(one)) for one in classes]


def _plain(cell: Any) -> Any:
    return cell.item() if hasattr(cell, "item") else cell
