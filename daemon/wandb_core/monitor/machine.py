"""Reads the machine through psutil. Blocking; one thread at a time."""

import os
from pathlib import Path

import psutil

from wandb_core.monitor.readings import DiskReading, MachineReading

LOOPBACK = ("lo", "lo0")
_SNMP = Path("/proc/net/snmp")
_BLOCK_DEVICES = Path("/sys/dev/block")


def read_machine() -> MachineReading:
    """What all runs of the machine share. About 1 ms."""
    memory = psutil.virtual_memory()
    sent = received = 0
    for name, counters in psutil.net_io_counters(pernic=True, nowrap=False).items():
        if name not in LOOPBACK:
            sent += counters.bytes_sent
            received += counters.bytes_recv
    return MachineReading(
        memory_bytes=memory.total,
        memory_available_bytes=memory.available,
        network_sent_bytes=sent,
        network_received_bytes=received,
        tcp_retransmits=_tcp_retransmits(),
        devices=_devices(),
    )


def read_disk(path: str) -> DiskReading | None:
    """The file system that holds the path; None if it cannot be read."""
    try:
        usage = psutil.disk_usage(path)
        return DiskReading(usage.used, usage.free, _device_of(path))
    except (OSError, ValueError):  # ValueError: a path with a NUL
        return None


def core_count() -> int:
    """Logical cores, as shares of the machine are counted."""
    return psutil.cpu_count() or 1


def _devices() -> dict[str, tuple[int, int]]:
    try:
        counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
    except (OSError, RuntimeError, NotImplementedError):
        return {}
    return {
        name: (found.read_bytes, found.write_bytes)
        for name, found in (counters or {}).items()
    }


def _device_of(path: str) -> str:
    """`vda1` of the file system's block device; "" for those without (overlay, NFS)."""
    number = os.stat(path).st_dev
    link = _BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}"
    return link.resolve().name if link.exists() else ""


def _tcp_retransmits() -> int | None:
    try:
        lines = [line.split() for line in _SNMP.read_text().splitlines()]
    except OSError:
        return None
    tcp = [words[1:] for words in lines if words and words[0] == "Tcp:"]
    if len(tcp) != 2:
        return None
    values = dict(zip(*tcp, strict=False))
    try:
        return int(values["RetransSegs"])
    except (KeyError, ValueError):
        return None
