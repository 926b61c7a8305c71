"""Readings become the metrics of one row. Pure.

Names and units: the protocol page on the file stream, section 10, without `system.`.
"""

from collections.abc import Collection, Iterable, Mapping

from wandb_core.monitor.readings import (
    DiskReading,
    GpuReading,
    MachineReading,
    ProcessReading,
)

MIB = 1 << 20
GIB = 1 << 30

Metrics = dict[str, float]

_OF_PROCESS = {
    "gpu", "memory", "memoryAllocated", "memoryAllocatedBytes", "temp", "powerWatts",
    "enforcedPowerLimitWatts", "powerPercent",
}  # fmt: skip
"""What is repeated under `gpu.process.` for the GPUs that a run uses."""


def machine_metrics(now: MachineReading, first: MachineReading) -> Metrics:
    """Memory now; network counted from `first`, the run's first reading."""
    used = now.memory_bytes - now.memory_available_bytes
    found = {
        "memory_percent": _percent(used, now.memory_bytes),
        "proc.memory.availableMB": now.memory_available_bytes / MIB,
        "network.sent": _grown(now.network_sent_bytes, first.network_sent_bytes),
        "network.recv": _grown(
            now.network_received_bytes, first.network_received_bytes
        ),
    }
    if now.tcp_retransmits is not None:
        earlier = first.tcp_retransmits or 0
        found["network.tcpRetransmits"] = _grown(now.tcp_retransmits, earlier)
    return found


def disk_metrics(
    disks: Mapping[str, DiskReading], now: MachineReading, first: MachineReading
) -> Metrics:
    """Usage by path, and what their devices moved since `first`."""
    found: Metrics = {}
    for path, disk in disks.items():
        total = disk.used_bytes + disk.free_bytes
        found[f"disk.{path}.usagePercent"] = _percent(disk.used_bytes, total)
        found[f"disk.{path}.usageGB"] = disk.used_bytes / GIB
        if disk.device in now.devices:
            read, written = now.devices[disk.device]
            read_first, written_first = first.devices.get(disk.device, (0, 0))
            found[f"disk.{disk.device}.in"] = _grown(read, read_first) / MIB
            found[f"disk.{disk.device}.out"] = _grown(written, written_first) / MIB
    return found


def process_metrics(
    now: ProcessReading,
    before: ProcessReading | None,
    *,
    memory_bytes: int,
    cpu_count: int,
) -> Metrics:
    """The run's processes; `cpu` is in % of the whole machine, since `before`.

    A process that began since counts from its beginning, one that ended not at all.
    """
    found = {
        "proc.memory.rssMB": now.resident_bytes / MIB,
        "proc.memory.percent": _percent(now.resident_bytes, memory_bytes),
        "proc.cpu.threads": float(now.thread_count),
    }
    passed_s = 0.0 if before is None else now.taken_at_s - before.taken_at_s
    if before is not None and passed_s > 0 and cpu_count > 0:
        spent_s = sum(
            max(0.0, seconds - before.cpu_s.get(pid, 0.0))
            for pid, seconds in now.cpu_s.items()
        )
        found["cpu"] = 100 * spent_s / passed_s / cpu_count
    return found


def gpu_metrics(
    gpus: Iterable[GpuReading], pids: Collection[int], chosen: Collection[int] = ()
) -> Metrics:
    """All GPUs (or the chosen ones); those used by `pids` under `gpu.process.` too."""
    found: Metrics = {}
    for gpu in gpus:
        if chosen and gpu.index not in chosen:
            continue
        own = _of_gpu(gpu)
        found |= {f"gpu.{gpu.index}.{name}": value for name, value in own.items()}
        if gpu.pids.intersection(pids):
            found |= {
                f"gpu.process.{gpu.index}.{name}": value
                for name, value in own.items()
                if name in _OF_PROCESS
            }
    return found


def _of_gpu(gpu: GpuReading) -> Metrics:
    memory = power = None
    if gpu.memory_used_bytes is not None and gpu.memory_bytes:
        memory = _percent(gpu.memory_used_bytes, gpu.memory_bytes)
    if gpu.power_w is not None and gpu.power_limit_w:
        power = _percent(gpu.power_w, gpu.power_limit_w)
    values: Mapping[str, float | None] = {
        "gpu": gpu.utilization_percent,
        "memory": gpu.memory_utilization_percent,
        "memoryAllocated": memory,
        "memoryAllocatedBytes": gpu.memory_used_bytes,
        "temp": gpu.temperature_c,
        "powerWatts": gpu.power_w,
        "enforcedPowerLimitWatts": gpu.power_limit_w,
        "powerPercent": power,
        "smClock": gpu.sm_clock_mhz,
        "memoryClock": gpu.memory_clock_mhz,
        "graphicsClock": gpu.graphics_clock_mhz,
        "correctedMemoryErrors": gpu.corrected_errors,
        "uncorrectedMemoryErrors": gpu.uncorrected_errors,
        "fanSpeed": gpu.fan_percent,
        "encoderUtilization": gpu.encoder_percent,
        "pcieLinkGen": gpu.link_generation,
        "pcieLinkWidth": gpu.link_width,
        "maxPcieLinkGen": gpu.link_generation_max,
        "maxPcieLinkWidth": gpu.link_width_max,
        "pcieLinkSpeed": gpu.link_speed_bits_per_s,
    }
    return {name: float(value) for name, value in values.items() if value is not None}


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else 0.0


def _grown(now: float, first: float) -> float:
    """A counter since the run's start; one that began anew counts from there."""
    return float(now - first if now >= first else now)
