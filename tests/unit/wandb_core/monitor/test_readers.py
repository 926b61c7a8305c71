"""Readings of this very machine, against other ways to ask it."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wandb_core.monitor import machine
from wandb_core.monitor.nvidia import NvidiaReader, open_nvml
from wandb_core.monitor.processes import Family, ProcessReader

from tests.support.waiting import wait_until


@contextmanager
def process(code: str) -> Iterator[int]:
    """A Python process that says when it is ready; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        try:
            yield child.pid
        finally:
            child.kill()


def family_of(reader: ProcessReader, pid: int) -> Family:
    family = reader.find(pid)
    assert family is not None
    return family


def test_memory_is_what_the_kernel_says() -> None:
    words = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    kernel = {name.rstrip(":"): int(value) * 1024 for name, value, *_ in words}

    found = machine.read_machine()

    assert found.memory_bytes == kernel["MemTotal"]
    assert abs(found.memory_available_bytes - kernel["MemAvailable"]) < 500 << 20


def test_disk_usage_is_what_the_system_says(tmp_path: Path) -> None:
    found = machine.read_disk(str(tmp_path))

    usage = shutil.disk_usage(tmp_path)
    assert found is not None
    assert abs(found.used_bytes - usage.used) < 1 << 30
    assert abs(found.free_bytes - usage.free) < 1 << 30


@pytest.mark.parametrize("path", ["/no/such/path", "\0", ""])
def test_a_path_that_is_not_there_is_no_reading(path: str) -> None:
    assert machine.read_disk(path) is None


def test_what_a_device_wrote_is_counted() -> None:
    disk = machine.read_disk("/")
    assert disk is not None
    if not disk.device:
        pytest.skip("the root file system has no block device here")

    assert disk.device in machine.read_machine().devices


def test_a_process_that_computes_uses_cpu_and_memory() -> None:
    reader = ProcessReader(time.monotonic, 0.0)
    code = "x = bytearray(64 << 20); print('ready', flush=True)\nwhile True: pass"
    with process(code) as pid:
        family = family_of(reader, pid)
        first = reader.read(family, whole_tree=False)
        assert first is not None
        wait_until(lambda: _cpu_s(reader, family) > first.cpu_s[pid] + 0.1)

        assert first.resident_bytes > 64 << 20
        assert set(first.cpu_s) == {pid}
    assert reader.read(family, whole_tree=False) is None


def test_children_count_where_they_are_asked_for() -> None:
    code = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
        "'x = bytearray(64 << 20); import threading; print(1, flush=True); "
        "input()'], stdin=subprocess.PIPE); child.wait()"
    )
    reader = ProcessReader(time.monotonic, 0.0)
    with process(code) as pid:
        family = family_of(reader, pid)
        alone = reader.read(family, whole_tree=False)
        both = reader.read(family, whole_tree=True)

    assert alone is not None
    assert both is not None
    assert (len(alone.cpu_s), len(both.cpu_s)) == (1, 2)
    assert both.resident_bytes > alone.resident_bytes + (64 << 20)


def test_another_process_with_the_same_pid_is_not_taken_for_it() -> None:
    reader = ProcessReader(time.monotonic, 0.0)
    family = family_of(reader, os.getpid())
    impostor = Family(family.root, family.began_at - 1000)

    assert reader.read(family, whole_tree=False) is not None
    assert reader.read(impostor, whole_tree=False) is None


def test_threads_are_counted() -> None:
    reader, released = ProcessReader(time.monotonic, 0.0), threading.Event()
    family = family_of(reader, os.getpid())
    before = reader.read(family, whole_tree=False)
    threads = [threading.Thread(target=released.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    after = reader.read(family, whole_tree=False)
    released.set()

    assert before is not None
    assert after is not None
    assert after.thread_count >= before.thread_count + 3


def test_without_nvml_there_are_no_gpus_and_pynvml_is_not_imported() -> None:
    """In a process of its own, where nothing else has imported it."""
    code = (
        "import sys\n"
        "from wandb_core.monitor.nvidia import NvidiaReader, open_nvml\n"
        "if open_nvml() is not None: sys.exit(3)\n"
        "reader = NvidiaReader()\n"
        "assert not (reader.read() or reader.facts() or reader.cuda_version())\n"
        "assert 'pynvml' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)

    if done.returncode == 3:
        pytest.skip("this machine has NVML")
    assert done.returncode == 0


def test_a_real_gpu_is_read() -> None:
    if open_nvml() is None:
        pytest.skip("needs an NVIDIA GPU with its driver: this machine has no NVML")
    reader = NvidiaReader()

    readings, facts = reader.read(), reader.facts()

    assert len(readings) == len(facts) > 0
    for reading, fact in zip(readings, facts, strict=True):
        assert fact.name
        assert reading.memory_bytes == fact.memory_bytes > 1 << 30
        assert 0 <= (reading.utilization_percent or 0) <= 100
        assert 0 < (reading.power_w or 100.0) < 2000
        assert 0 < (reading.temperature_c or 40.0) < 120


def _cpu_s(reader: ProcessReader, family: Family) -> float:
    found = reader.read(family, whole_tree=False)
    assert found is not None
    return found.cpu_s[family.root]
