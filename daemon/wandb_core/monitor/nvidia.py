"""Reads NVIDIA GPUs through NVML. Blocking, and known to hang with a broken driver.

`pynvml` is imported only where NVML is there: without a GPU all this costs one failed
look for a library.
"""

import ctypes
import logging
import sys
from collections.abc import Callable
from typing import Any

from wandb_core.monitor.readings import GpuFacts, GpuReading

_log = logging.getLogger(__name__)

LIBRARIES = {"linux": "libnvidia-ml.so.1", "win32": "nvml.dll"}
MEGABIT = 1_000_000

_ARCHITECTURES = {
    2: "Kepler", 3: "Maxwell", 4: "Pascal", 5: "Volta", 6: "Turing", 7: "Ampere",
    8: "Ada", 9: "Hopper", 10: "Blackwell",
}  # fmt: skip


def open_nvml() -> Any | None:
    """The `pynvml` module with NVML initialised; None where there is no NVML."""
    library = LIBRARIES.get(sys.platform)
    if library is None:
        return None
    try:
        ctypes.CDLL(library)
    except OSError:
        return None
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception as error:  # a driver that does not fit: NVML's errors are many
        _log.info("no_nvml reason=%r", error)
        return None
    return pynvml


class NvidiaReader:
    """All GPUs that NVML shows. `open_library` is called on the first reading."""

    def __init__(self, open_library: Callable[[], Any | None] = open_nvml) -> None:
        self._open_library = open_library
        self._nvml: Any | None = None
        self._devices: list[Any] = []
        self._is_open = False

    def read(self) -> tuple[GpuReading, ...]:
        """Every GPU now; () without NVML. What a GPU does not tell is None."""
        self._open()
        return tuple(map(self._read_device, range(len(self._devices))))

    def facts(self) -> tuple[GpuFacts, ...]:
        """What does not change."""
        self._open()
        return tuple(map(self._facts_of, self._devices))

    def cuda_version(self) -> str:
        """Of the driver, such as 12.4; "" if it is not known."""
        self._open()
        number = self._ask("nvmlSystemGetCudaDriverVersion_v2")
        return f"{number // 1000}.{number % 1000 // 10}" if number else ""

    def _open(self) -> None:
        if self._is_open:
            return
        self._is_open = True
        self._nvml = self._open_library()
        for index in range(self._ask("nvmlDeviceGetCount") or 0):
            device = self._ask("nvmlDeviceGetHandleByIndex", index)
            if device is not None:
                self._devices.append(device)

    def _ask(self, function: str, *arguments: Any) -> Any:
        """NVML's answer; None where it has none."""
        if self._nvml is None:
            return None
        try:
            return getattr(self._nvml, function)(*arguments)
        except (self._nvml.NVMLError, AttributeError, UnicodeDecodeError):
            return None

    def _read_device(self, index: int) -> GpuReading:
        device, nvml = self._devices[index], self._nvml
        assert nvml is not None

        def ask(function: str, *arguments: Any) -> Any:
            return self._ask(f"nvmlDeviceGet{function}", device, *arguments)

        use, memory = ask("UtilizationRates"), ask("MemoryInfo")
        power, limit = ask("PowerUsage"), ask("EnforcedPowerLimit")
        encoder, speed = ask("EncoderUtilization"), ask("PcieSpeed")
        kinds = (
            nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED,
            nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
        )
        corrected, uncorrected = (
            ask("TotalEccErrors", kind, nvml.NVML_VOLATILE_ECC) for kind in kinds
        )
        return GpuReading(
            index=index,
            utilization_percent=None if use is None else use.gpu,
            memory_utilization_percent=None if use is None else use.memory,
            memory_used_bytes=None if memory is None else memory.used,
            memory_bytes=None if memory is None else memory.total,
            temperature_c=ask("Temperature", nvml.NVML_TEMPERATURE_GPU),
            power_w=None if power is None else power / 1000,
            power_limit_w=None if limit is None else limit / 1000,
            sm_clock_mhz=ask("ClockInfo", nvml.NVML_CLOCK_SM),
            memory_clock_mhz=ask("ClockInfo", nvml.NVML_CLOCK_MEM),
            graphics_clock_mhz=ask("ClockInfo", nvml.NVML_CLOCK_GRAPHICS),
            corrected_errors=corrected,
            uncorrected_errors=uncorrected,
            fan_percent=ask("FanSpeed"),
            encoder_percent=encoder[0] if encoder else None,
            link_generation=ask("CurrPcieLinkGeneration"),
            link_width=ask("CurrPcieLinkWidth"),
            link_generation_max=ask("MaxPcieLinkGeneration"),
            link_width_max=ask("MaxPcieLinkWidth"),
            link_speed_bits_per_s=None if speed is None else speed * MEGABIT,
            pids=self._pids(device),
        )

    def _pids(self, device: Any) -> frozenset[int]:
        found: set[int] = set()
        for kind in ("Compute", "Graphics"):
            users = self._ask(f"nvmlDeviceGet{kind}RunningProcesses", device)
            found.update(user.pid for user in users or ())
        return frozenset(found)

    def _facts_of(self, device: Any) -> GpuFacts:
        memory = self._ask("nvmlDeviceGetMemoryInfo", device)
        bus = self._ask("nvmlDeviceGetPciInfo", device)
        architecture = self._ask("nvmlDeviceGetArchitecture", device)
        return GpuFacts(
            name=_text(self._ask("nvmlDeviceGetName", device)),
            memory_bytes=0 if memory is None else memory.total,
            cuda_cores=self._ask("nvmlDeviceGetNumGpuCores", device) or 0,
            architecture=_ARCHITECTURES.get(architecture, ""),
            uuid=_text(self._ask("nvmlDeviceGetUUID", device)),
            pci_bus_id="" if bus is None else _text(bus.busId),
        )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
