"""What was read, as it was read: plain numbers with units in their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MachineReading:
    """The machine at one moment. Counters are since it was started."""

    memory_bytes: int
    memory_available_bytes: int
    network_sent_bytes: int = 0
    network_received_bytes: int = 0
    """Of all interfaces but loopback."""
    tcp_retransmits: int | None = None
    """None where the system does not tell."""
    devices: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Block device -> (bytes read, bytes written)."""


@dataclass(frozen=True, slots=True)
class DiskReading:
    """One file system, asked for by a path on it."""

    used_bytes: int
    free_bytes: int
    """That an ordinary user may still take."""
    device: str = ""
    """Name of its block device; "" if it has none."""


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """The processes of one run at one moment."""

    taken_at_s: float
    """By the monotonic clock."""
    cpu_s: Mapping[int, float]
    """pid -> seconds of all cores that it has used since it began."""
    resident_bytes: int
    thread_count: int


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU at one moment; None: it does not tell."""

    index: int
    utilization_percent: float | None = None
    memory_utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    sm_clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    graphics_clock_mhz: float | None = None
    corrected_errors: int | None = None
    uncorrected_errors: int | None = None
    fan_percent: float | None = None
    encoder_percent: float | None = None
    link_generation: int | None = None
    link_width: int | None = None
    link_generation_max: int | None = None
    link_width_max: int | None = None
    link_speed_bits_per_s: float | None = None
    pids: frozenset[int] = frozenset()
    """Processes that use it now."""


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """What does not change about a GPU."""

    name: str
    memory_bytes: int = 0
    cuda_cores: int = 0
    architecture: str = ""
    uuid: str = ""
    pci_bus_id: str = ""
