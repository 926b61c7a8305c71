"""Names and units of system metrics, by the protocol page (file stream, section 10).

The expected rows were written down from that page and from a log of the official client
on the same kind of machine, not from the code.
"""

import pytest
from wandb_core.monitor.metrics import (
    disk_metrics,
    gpu_metrics,
    machine_metrics,
    process_metrics,
)
from wandb_core.monitor.readings import (
    DiskReading,
    GpuReading,
    MachineReading,
    ProcessReading,
)

MIB = 1024 * 1024


def machine(**changes: object) -> MachineReading:
    facts = {
        "memory_bytes": 1000 * MIB,
        "memory_available_bytes": 900 * MIB,
        "network_sent_bytes": 500,
        "network_received_bytes": 700,
        "tcp_retransmits": 3,
        "devices": {"vda": (10 * MIB, 20 * MIB), "vdb": (0, 0)},
    }
    return MachineReading(**(facts | changes))  # type: ignore[arg-type]


def test_memory_is_of_now_and_network_since_the_start() -> None:
    now = machine(network_sent_bytes=600, network_received_bytes=701, tcp_retransmits=5)

    assert machine_metrics(now, machine()) == {
        "memory_percent": pytest.approx(10.0),
        "proc.memory.availableMB": 900.0,
        "network.sent": 100.0,
        "network.recv": 1.0,
        "network.tcpRetransmits": 2.0,
    }


def test_systems_without_a_counter_have_no_metric_of_it() -> None:
    now = machine(tcp_retransmits=None)

    assert "network.tcpRetransmits" not in machine_metrics(now, now)


def test_a_counter_that_began_anew_counts_from_there() -> None:
    found = machine_metrics(machine(network_sent_bytes=40), machine())

    assert found["network.sent"] == 40.0


def test_disks_have_usage_by_path_and_traffic_by_device() -> None:
    now = machine(devices={"vda": (12 * MIB, 20 * MIB)})
    disk = DiskReading(used_bytes=3 << 30, free_bytes=1 << 30, device="vda")

    assert disk_metrics({"/": disk}, now, machine()) == {
        "disk./.usagePercent": 75.0,
        "disk./.usageGB": 3.0,
        "disk.vda.in": 2.0,
        "disk.vda.out": 0.0,
    }


def test_file_systems_without_a_device_have_usage_only() -> None:
    disk = DiskReading(used_bytes=0, free_bytes=0)

    assert disk_metrics({"/mnt/a b": disk}, machine(), machine()) == {
        "disk./mnt/a b.usagePercent": 0.0,
        "disk./mnt/a b.usageGB": 0.0,
    }


def test_cpu_is_a_share_of_the_whole_machine_since_the_sample_before() -> None:
    before = ProcessReading(100.0, {1: 10.0, 2: 5.0}, 0, 0)
    now = ProcessReading(110.0, {1: 14.0, 3: 1.0}, 50 * MIB, 7)

    assert process_metrics(now, before, memory_bytes=200 * MIB, cpu_count=4) == {
        "proc.memory.rssMB": 50.0,
        "proc.memory.percent": 25.0,
        "proc.cpu.threads": 7.0,
        # 4 s of process 1 and 1 s of the new process 3; process 2 has ended.
        "cpu": pytest.approx(100 * 5 / 10 / 4),
    }


def test_the_first_sample_has_no_cpu() -> None:
    now = ProcessReading(110.0, {1: 14.0}, MIB, 1)

    assert "cpu" not in process_metrics(now, None, memory_bytes=MIB, cpu_count=4)


GPU = GpuReading(
    index=1,
    utilization_percent=80,
    memory_utilization_percent=40,
    memory_used_bytes=20 << 30,
    memory_bytes=80 << 30,
    temperature_c=55,
    power_w=350.5,
    power_limit_w=701.0,
    sm_clock_mhz=1980,
    memory_clock_mhz=2619,
    graphics_clock_mhz=1981,
    corrected_errors=0,
    uncorrected_errors=1,
    fan_percent=33,
    encoder_percent=2,
    link_generation=5,
    link_width=16,
    link_generation_max=5,
    link_width_max=16,
    link_speed_bits_per_s=32e9,
    pids=frozenset({7, 8}),
)
DEVICE_ROW = {
    "gpu": 80.0,
    "memory": 40.0,
    "memoryAllocated": 25.0,
    "memoryAllocatedBytes": float(20 << 30),
    "temp": 55.0,
    "powerWatts": 350.5,
    "enforcedPowerLimitWatts": 701.0,
    "powerPercent": 50.0,
}
REST_OF_ROW = {
    "smClock": 1980.0,
    "memoryClock": 2619.0,
    "graphicsClock": 1981.0,
    "correctedMemoryErrors": 0.0,
    "uncorrectedMemoryErrors": 1.0,
    "fanSpeed": 33.0,
    "encoderUtilization": 2.0,
    "pcieLinkGen": 5.0,
    "pcieLinkWidth": 16.0,
    "maxPcieLinkGen": 5.0,
    "maxPcieLinkWidth": 16.0,
    "pcieLinkSpeed": 32e9,
}


def test_a_gpu_has_every_metric_of_the_page() -> None:
    assert gpu_metrics([GPU], pids={1}) == {
        f"gpu.1.{name}": value for name, value in (DEVICE_ROW | REST_OF_ROW).items()
    }


def test_gpus_that_the_run_uses_are_repeated_as_its_own() -> None:
    idle = GpuReading(index=0, utilization_percent=0)

    found = gpu_metrics([idle, GPU], pids={8, 99})

    own = {name: v for name, v in found.items() if name.startswith("gpu.process.")}
    assert own == {f"gpu.process.1.{name}": v for name, v in DEVICE_ROW.items()}
    assert found["gpu.0.gpu"] == 0.0


def test_only_chosen_gpus_are_recorded() -> None:
    idle = GpuReading(index=0, utilization_percent=0)

    assert set(gpu_metrics([idle, GPU], set(), chosen={0})) == {"gpu.0.gpu"}


def test_what_a_gpu_does_not_tell_is_left_out() -> None:
    assert gpu_metrics([GpuReading(index=0, power_w=30.0)], set()) == {
        "gpu.0.powerWatts": 30.0
    }
