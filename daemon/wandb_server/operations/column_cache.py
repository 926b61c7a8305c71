"""Columns of projects, remembered for a while."""

import time
from collections import OrderedDict
from collections.abc import Sequence

from wandb_server.storage.run_columns import RunColumn

KEPT_FACTOR = 20
PROJECTS_KEPT = 100


class ColumnCache:
    """Columns of projects, kept the longer the more they cost.

    Two million values take seconds to count: then the menu may be a minute old.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[float, Sequence[RunColumn]]] = OrderedDict()

    def get(self, project_id: int) -> Sequence[RunColumn] | None:
        """None: not known, or too old."""
        until, found = self._kept.get(project_id, (0.0, ()))
        return found if time.monotonic() < until else None

    def keep(self, project_id: int, found: Sequence[RunColumn], took_s: float) -> None:
        """Remember an answer; the oldest go first."""
        self._kept[project_id] = (time.monotonic() + KEPT_FACTOR * took_s, found)
        self._kept.move_to_end(project_id)
        while len(self._kept) > PROJECTS_KEPT:
            self._kept.popitem(last=False)
