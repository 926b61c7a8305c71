"""Samples for every run of this core: readings asked for, put together, timed.

A reading that hangs is left out of the row, and of further rows until it is over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from wandb_proto import json_codec
from wandb_proto.v1.record_pb2 import EnvironmentRecord, Record

from wandb_core.clock import Clock
from wandb_core.monitor import machine
from wandb_core.monitor.metrics import (
    Metrics,
    disk_metrics,
    gpu_metrics,
    machine_metrics,
    process_metrics,
)
from wandb_core.monitor.nvidia import NvidiaReader
from wandb_core.monitor.processes import Family, ProcessReader
from wandb_core.monitor.readings import (
    DiskReading,
    GpuReading,
    MachineReading,
    ProcessReading,
)
from wandb_core.monitor.side_thread import SideThread
from wandb_core.monitor.watch import Watch

T = TypeVar("T")

FRESH_S_MAX = 1.0
"""A reading of the machine serves all runs that ask within so long, or within half
their interval."""
PATHS_KEPT_MAX = 1024
FINAL_WAIT_S = 0.3
"""How long the last sample of a run may hold up its end."""


class Shared(Generic[T]):
    """One reading for everybody who asks within a while; read in one thread."""

    def __init__(self, read: Callable[[], T], monotonic: Callable[[], float]) -> None:
        self._read = read
        self._monotonic = monotonic
        self._kept: tuple[float, T] | None = None

    @property
    def kept(self) -> T | None:
        """The latest reading, however old."""
        return None if self._kept is None else self._kept[1]

    def get(self, fresh_s: float) -> T:
        """The kept reading, or another if it is older than `fresh_s`."""
        now = self._monotonic()
        if self._kept is None or now - self._kept[0] >= fresh_s:
            self._kept = (now, self._read())
        return self._kept[1]


@dataclass(slots=True)
class Baseline:
    """What a run's figures are counted from; belongs to that run's sampling."""

    machine: MachineReading | None = None
    family: Family | None = None
    processes: ProcessReading | None = None


@dataclass(frozen=True, slots=True)
class _Readings:
    """What was in time."""

    machine: MachineReading | None
    processes: ProcessReading | None
    pids: frozenset[int]
    disks: Mapping[str, DiskReading]
    gpus: tuple[GpuReading, ...]


class Monitor:
    """All that core knows of this machine. One for all runs."""

    def __init__(
        self, clock: Clock, timeout_s: float, gpus: NvidiaReader | None = None
    ) -> None:
        """timeout_s: a reading that takes longer is left out."""
        self._clock = clock
        monotonic = clock.monotonic
        self._processes = ProcessReader(monotonic, FRESH_S_MAX)
        self._machine = Shared(machine.read_machine, monotonic)
        self._nvidia = gpus or NvidiaReader()
        self._gpus = Shared(self._nvidia.read, monotonic)
        self._disks: dict[str, Shared[DiskReading | None]] = {}
        self._system_thread = SideThread("monitor-system", timeout_s)
        self._disk_thread = SideThread("monitor-disks", timeout_s)
        self._gpu_thread = SideThread("monitor-gpus", timeout_s)

    async def sample(self, watch: Watch, baseline: Baseline) -> Record | None:
        """A stats record of now; None if nothing could be read. Moves the baseline."""
        system = await self._system_thread.ask(
            partial(self._read_system, watch, baseline)
        )
        gpus = await self._gpu_thread.ask(partial(self._gpus.get, _fresh_s(watch)))
        disks = await self._disk_thread.ask(partial(self._read_disks, watch))
        return self._record(watch, baseline, system, disks, gpus)

    def last_sample(self, watch: Watch, baseline: Baseline) -> Record | None:
        """`sample` for a thread that waits, briefly: for the end of a run."""
        system = self._system_thread.ask_now(
            partial(self._read_system, watch, baseline), FINAL_WAIT_S
        )
        gpus = self._gpu_thread.ask_now(
            partial(self._gpus.get, _fresh_s(watch)), FINAL_WAIT_S
        )
        disks = self._disk_thread.ask_now(
            partial(self._read_disks, watch), FINAL_WAIT_S
        )
        return self._record(watch, baseline, system, disks, gpus)

    async def environment(self, writer_id: str) -> Record | None:
        """An environment record with the GPUs of this machine; None without any."""
        facts = await self._gpu_thread.ask(self._nvidia.facts)
        if not facts:
            return None
        version = await self._gpu_thread.ask(self._nvidia.cuda_version)
        found = EnvironmentRecord(
            writer_id=writer_id,
            gpu_type=facts[0].name,
            gpu_count=len(facts),
            cuda_version=version or "",
        )
        for gpu in facts:
            found.gpu_nvidia.add(
                name=gpu.name,
                memory_total=gpu.memory_bytes,
                cuda_cores=gpu.cuda_cores,
                architecture=gpu.architecture,
                uuid=gpu.uuid,
                pci_bus_id=gpu.pci_bus_id,
            )
        return Record(environment=found)

    # ---- in the side threads ---------------------------------------------------------

    def _read_system(
        self, watch: Watch, baseline: Baseline
    ) -> tuple[MachineReading, ProcessReading | None, frozenset[int]]:
        if baseline.family is None and watch.pid:
            baseline.family = self._processes.find(watch.pid)
        processes, pids = None, frozenset[int]()
        if baseline.family is not None:
            processes = self._processes.read(
                baseline.family, whole_tree=watch.whole_tree
            )
            if processes is not None and self._gpus.kept:
                pids = frozenset(self._processes.pids(baseline.family))
        return self._machine.get(_fresh_s(watch)), processes, pids

    def _read_disks(self, watch: Watch) -> dict[str, DiskReading]:
        found: dict[str, DiskReading] = {}
        if len(self._disks) > PATHS_KEPT_MAX:
            self._disks.clear()
        for path in watch.disk_paths:
            if path not in self._disks:
                self._disks[path] = Shared(
                    partial(machine.read_disk, path), self._clock.monotonic
                )
            reading = self._disks[path].get(_fresh_s(watch))
            if reading is not None:
                found[path] = reading
        return found

    # ---- putting together ------------------------------------------------------------

    def _record(
        self,
        watch: Watch,
        baseline: Baseline,
        system: tuple[MachineReading, ProcessReading | None, frozenset[int]] | None,
        disks: Mapping[str, DiskReading] | None,
        gpus: tuple[GpuReading, ...] | None,
    ) -> Record | None:
        now, processes, pids = system or (None, None, frozenset[int]())
        found = _metrics(
            watch, baseline, _Readings(now, processes, pids, disks or {}, gpus or ())
        )
        baseline.machine = baseline.machine or now
        baseline.processes = processes or baseline.processes
        return _to_record(found, self._clock.now()) if found else None


def _fresh_s(watch: Watch) -> float:
    return min(FRESH_S_MAX, watch.interval_s / 2)


def _metrics(watch: Watch, baseline: Baseline, read: _Readings) -> Metrics:
    found = gpu_metrics(read.gpus, read.pids, watch.gpu_ids)
    if read.machine is None:
        return found
    first = baseline.machine or read.machine
    found |= machine_metrics(read.machine, first)
    found |= disk_metrics(read.disks, read.machine, first)
    if read.processes is not None:
        found |= process_metrics(
            read.processes,
            baseline.processes,
            memory_bytes=read.machine.memory_bytes,
            cpu_count=machine.core_count(),
        )
    return found


def _to_record(metrics: Metrics, now: float) -> Record:
    record = Record()
    nanos = round(now * 1e6) * 1000
    record.stats.timestamp.seconds, record.stats.timestamp.nanos = divmod(nanos, 10**9)
    for name, value in metrics.items():
        record.stats.item.add(key=name, value_json=json_codec.dumps(value).decode())
    return record
