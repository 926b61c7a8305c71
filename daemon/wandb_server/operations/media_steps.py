"""Where media were seen in histories, kept for the runs that were asked lately."""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STEPS_COUNT_MAX = 4_000_000
"""Steps of all runs together (8 bytes each); the least recently asked runs go first."""


@dataclass(frozen=True, slots=True)
class MediaSteps:
    """Steps by dotted key, of the rows below `end_row`, in order of arrival."""

    end_row: int = 0
    steps: Mapping[str, "array[int]"] = field(default_factory=dict)

    def of(self, key: str) -> Sequence[int]:
        """Ascending, each once."""
        found = self.steps.get(key)
        return [] if found is None else sorted(set(found))

    @property
    def step_count(self) -> int:
        """Of all keys."""
        return sum(map(len, self.steps.values()))


class MediaIndex:
    """Media steps by run id. Used by many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, MediaSteps] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, run_id: int) -> MediaSteps | None:
        """What was kept of the run."""
        with self._lock:
            found = self._kept.get(run_id)
            if found is not None:
                self._kept.move_to_end(run_id)
            return found

    def keep(self, run_id: int, steps: MediaSteps) -> None:
        """Keep it, unless another thread saw more rows meanwhile."""
        with self._lock:
            known = self._kept.get(run_id)
            if known is not None and known.end_row > steps.end_row:
                return
            self._kept[run_id] = steps
            self._kept.move_to_end(run_id)
            size = sum(kept.step_count for kept in self._kept.values())
            while size > STEPS_COUNT_MAX and len(self._kept) > 1:
                size -= self._kept.popitem(last=False)[1].step_count
