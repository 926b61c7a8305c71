"""Whole samples of this machine, and what a broken part of it costs."""

import os
import threading
import time
from typing import Any

import pytest
from wandb_core.clock import SystemClock
from wandb_core.monitor import Monitor, Watch
from wandb_core.monitor.monitor import Baseline
from wandb_core.monitor.nvidia import NvidiaReader
from wandb_proto import json_codec
from wandb_proto.machine_place import MachinePlace
from wandb_proto.v1.core_service_pb2 import Monitoring
from wandb_proto.v1.record_pb2 import Record

HERE = MachinePlace.here()

OFFICIAL_NAMES = {
    "memory_percent", "proc.memory.availableMB", "proc.memory.rssMB",
    "proc.memory.percent", "proc.cpu.threads", "network.sent", "network.recv",
    "network.tcpRetransmits", "disk./.usagePercent", "disk./.usageGB",
}  # fmt: skip
"""Of a first sample of the official client 0.31.0 on Linux, but for the device's."""


def watch_of(**changes: Any) -> Watch | None:
    asked = {
        "interval_s": 15.0,
        "pid": os.getpid(),
        "disk_paths": ["/"],
        "boot_id": HERE.boot_id,
        "pid_namespace": HERE.pid_namespace,
    }
    return Watch.of(Monitoring(**(asked | changes)), HERE)


def values(record: Record | None) -> dict[str, float]:
    assert record is not None
    return {item.key: json_codec.loads(item.value_json) for item in record.stats.item}


async def test_a_first_sample_has_the_names_of_the_official_one() -> None:
    watch, monitor = watch_of(), Monitor(SystemClock(), 5.0)
    assert watch is not None
    before = time.time()

    record = await monitor.sample(watch, Baseline())

    found = values(record)
    assert record is not None
    assert set(found) >= OFFICIAL_NAMES
    assert "cpu" not in found
    stamp = record.stats.timestamp.seconds + record.stats.timestamp.nanos / 1e9
    assert before - 1 < stamp < time.time() + 1


async def test_later_samples_have_cpu() -> None:
    watch, baseline, monitor = watch_of(), Baseline(), Monitor(SystemClock(), 5.0)
    assert watch is not None

    await monitor.sample(watch, baseline)
    began, used_s = time.monotonic(), time.process_time()
    while time.process_time() < used_s + 0.3:
        pass
    found = values(await monitor.sample(watch, baseline))
    used_s, took_s = time.process_time() - used_s, time.monotonic() - began

    share_of_one_core = found["cpu"] * (os.cpu_count() or 1)
    assert share_of_one_core == pytest.approx(100 * used_s / took_s, rel=0.3)


async def test_nvml_that_hangs_costs_only_the_gpus() -> None:
    released = threading.Event()
    gpus = NvidiaReader(lambda: released.wait(30) and None)
    monitor, baseline, watch = (
        Monitor(SystemClock(), 0.05, gpus),
        Baseline(),
        watch_of(),
    )
    assert watch is not None

    found = [values(await monitor.sample(watch, baseline)) for _ in range(3)]

    assert all(set(row) >= OFFICIAL_NAMES for row in found)
    assert values(monitor.last_sample(watch, baseline))
    released.set()


async def test_a_path_that_is_gone_is_left_out() -> None:
    watch = watch_of(disk_paths=["/no/such/path", "/"])
    assert watch is not None

    found = values(await Monitor(SystemClock(), 5.0).sample(watch, Baseline()))

    assert "disk./.usageGB" in found
    assert not any("such" in name for name in found)


def test_another_machine_is_not_watched() -> None:
    assert watch_of(boot_id="another") is None
    assert watch_of(boot_id="") is None


async def test_in_another_pid_namespace_only_the_machine_is_seen() -> None:
    watch = watch_of(pid_namespace="pid:[1]")
    assert watch is not None

    found = values(await Monitor(SystemClock(), 5.0).sample(watch, Baseline()))

    assert "memory_percent" in found
    assert not {name for name in found if name.startswith(("proc.memory.r", "proc.c"))}


@pytest.mark.parametrize(("asked", "used"), [(0.0, 0.0), (0.001, 0.1), (15.0, 15.0)])
def test_intervals_are_at_least_a_tenth_of_a_second(asked: float, used: float) -> None:
    watch = watch_of(interval_s=asked)
    assert watch is not None
    assert watch.interval_s == used
