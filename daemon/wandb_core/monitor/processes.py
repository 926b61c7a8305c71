"""Reads the processes of runs through psutil. Blocking; one thread at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psutil

from wandb_core.monitor.readings import ProcessReading

PROCESSES_MAX = 4096
"""Of one run; more are not counted."""


@dataclass(frozen=True, slots=True)
class Family:
    """The processes of one run; `root` is the training process."""

    root: int
    began_at: float
    """By the system's clock: another process with its pid is somebody else."""


class ProcessReader:
    """Knows which process is whose child, looked up once for all runs of a moment."""

    def __init__(self, monotonic: Callable[[], float], fresh_s: float) -> None:
        self._monotonic = monotonic
        self._fresh_s = fresh_s
        self._children: Mapping[int, list[int]] = {}
        self._looked_at: float | None = None

    def find(self, pid: int) -> Family | None:
        """The family of a living process; None if there is none with this pid."""
        try:
            return Family(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def pids(self, family: Family) -> list[int]:
        """The root and all processes below it, parents first."""
        now = self._monotonic()
        if self._looked_at is None or now - self._looked_at >= self._fresh_s:
            self._children = _children_by_parent()
            self._looked_at = now
        found = [family.root]
        for pid in found:
            found += self._children.get(pid, ())
            if len(found) >= PROCESSES_MAX:
                break
        return found[:PROCESSES_MAX]

    def read(self, family: Family, *, whole_tree: bool) -> ProcessReading | None:
        """Figures of the family; None if its root is gone."""
        pids = self.pids(family) if whole_tree else [family.root]
        cpu_s: dict[int, float] = {}
        resident = threads = 0
        for pid in pids:
            try:
                process = psutil.Process(pid)
                if pid == family.root and process.create_time() != family.began_at:
                    return None
                with process.oneshot():
                    times = process.cpu_times()
                    resident += process.memory_info().rss
                    threads += process.num_threads()
            except psutil.Error:
                if pid == family.root:
                    return None
                continue
            cpu_s[pid] = times.user + times.system
        return ProcessReading(self._monotonic(), cpu_s, resident, threads)


def _children_by_parent() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    processes: Iterable[psutil.Process] = psutil.process_iter()
    for process in processes:
        try:
            children.setdefault(process.ppid(), []).append(process.pid)
        except psutil.Error:
            continue
    psutil.process_iter.cache_clear()
    return children
