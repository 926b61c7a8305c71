"""Core, clients, or both are killed: each acknowledged row is there once, in order."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from wandb_core.transaction_log import read_all
from wandb_proto.v1 import core_service_pb2 as service

from tests.support.core_process import (
    CoreProcess,
    exit_run,
    log,
    open_run,
    running_core,
)
from tests.support.rings import ring_of, write_ring
from tests.support.waiting import wait_until


def rows_of(path: Path, key: str) -> list[Any]:
    return [
        json.loads(item.value_json)
        for logged in read_all(path)
        for item in logged.record.history.item
        if (item.key or "/".join(item.nested_key)) == key
    ]


def records(row_count: int = 3000) -> list[bytes]:
    """The records of a whole run: sequence n is element n - 1."""
    rows = (log({"x": n}) for n in range(row_count))
    return [open_run("run1"), *rows, exit_run()]


def publish(
    core: CoreProcess, log_path: Path, first: int, all_records: list[bytes]
) -> int:
    """Send everything from a sequence on in small batches, until core is killed."""
    stream = core.stream("run1", log_path)
    try:
        for begin in range(first, len(all_records) + 1, 100):
            stream.send(begin, all_records[begin - 1 : begin + 99])
        stream.wait_acknowledged(len(all_records) + 1)
    except (grpc.RpcError, StopIteration):
        pass
    return stream.acknowledged


@contextlib.contextmanager
def killed_after(core: CoreProcess, log_path: Path, byte_count: int) -> Iterator[None]:
    """Kill core as soon as the log is so long."""
    watcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time\n"
            "print(flush=True)\n"
            "path, size, pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
            "while not os.path.exists(path) or os.path.getsize(path) < size:\n"
            "    time.sleep(0.0005)\n"
            "os.kill(pid, 9)\n",
            str(log_path), str(byte_count), str(core.process.pid),
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert watcher.stdout is not None
    watcher.stdout.readline()
    try:
        yield
    finally:
        watcher.kill()
        watcher.communicate()


def test_a_killed_core_goes_on_in_the_same_log(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    """Three cores, the first two killed in the middle; the client resends each time
    from before what was acknowledged, as a link does whose tail had not moved."""
    path = tmp_path / "run-run1.wandb"
    all_records = records(20_000)
    acknowledged = 1
    for byte_count in (100_000, 500_000, 900_000):
        with running_core(places_env) as core:
            with killed_after(core, path, byte_count):
                first = max(1, acknowledged - 250)
                acknowledged = max(
                    acknowledged, publish(core, path, first, all_records)
                )
            core.kill()
        assert acknowledged < len(all_records), "it was not killed in the middle"

    with running_core(places_env) as core:
        first = max(1, acknowledged - 250)
        assert publish(core, path, first, all_records) == len(all_records) + 1

    assert rows_of(path, "x") == list(range(20_000))


def test_what_a_killed_process_left_is_drained_and_the_run_ends(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    ring_path = ring_of(places_env)
    write_ring(ring_path, path, records()[:-1]).close()

    with running_core(places_env, idle_timeout_s="0.5") as core:
        assert core.process.wait(60) == 0

    assert rows_of(path, "x") == list(range(3000))
    assert not ring_path.exists()
    kinds = {logged.record.WhichOneof("record_type") for logged in read_all(path)}
    assert "exit" not in kinds


def test_a_ring_whose_writer_lives_is_left_to_its_link(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    ring_path = ring_of(places_env)
    writer = write_ring(ring_path, path, records()[:10])

    with running_core(places_env, orphan_check_s="0.1", idle_timeout_s="0.2") as core:
        with pytest.raises(subprocess.TimeoutExpired):
            core.process.wait(1.0)
        assert not path.exists()
        writer.close()
        wait_until(lambda: not ring_path.exists())
        assert core.process.wait(60) == 0

    assert rows_of(path, "x") == list(range(9))


def test_a_broken_stream_is_drained_once_its_writer_is_dead(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    """The ring holds more than the stream had delivered; both overlap."""
    path = tmp_path / "run-run1.wandb"
    ring_path = ring_of(places_env)
    writer = write_ring(ring_path, path, records()[:200])

    with running_core(places_env, orphan_check_s="0.2", idle_timeout_s="0.5") as core:
        with core.stream("run1", path, ring_path=str(ring_path)) as stream:
            stream.send(1, records()[:100])
            stream.wait_acknowledged(101)
        assert ring_path.exists()
        writer.close()
        wait_until(lambda: not ring_path.exists())
        assert core.process.wait(60) == 0

    assert rows_of(path, "x") == list(range(199))


def test_a_killed_core_and_a_killed_process_lose_nothing(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    ring_path = ring_of(places_env)
    writer = write_ring(ring_path, path, records())
    with running_core(places_env) as core:
        with killed_after(core, path, 30_000):
            publish(core, path, 1, records())
        core.kill()
    writer.close()

    with running_core(places_env, idle_timeout_s="0.5") as core:
        assert core.process.wait(60) == 0

    assert rows_of(path, "x") == list(range(3000))
    assert list(read_all(path))[-2].record.WhichOneof("record_type") == "exit"


def test_a_ring_for_a_removed_directory_makes_it_again(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "gone" / "run-run1.wandb"
    ring_path = ring_of(places_env)
    write_ring(ring_path, path, records()[:10]).close()

    with running_core(places_env, idle_timeout_s="0.5") as core:
        assert core.process.wait(60) == 0

    assert rows_of(path, "x") == list(range(9))


def test_what_is_no_ring_is_left_alone(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    ring_path = ring_of(places_env)
    ring_path.write_bytes(b"something else" * 10_000)

    with running_core(places_env, idle_timeout_s="0.3") as core:
        assert core.process.wait(60) == 0

    assert ring_path.exists()


def test_sigterm_lets_what_has_arrived_reach_the_log(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    with running_core(places_env) as core:
        with core.stream("run1", path) as stream:
            stream.send(1, records()[:1000])
            stream.wait_acknowledged(2)
            core.process.send_signal(signal.SIGTERM)
            assert stream.failure().code() == grpc.StatusCode.UNAVAILABLE
        assert core.process.wait(60) == 0
        assert not core.places.core_address.exists()

    assert rows_of(path, "x") == list(range(999))


def test_signals_of_a_terminal_do_not_stop_it(places_env: dict[str, str]) -> None:
    with running_core(places_env) as core:
        core.process.send_signal(signal.SIGINT)
        core.process.send_signal(signal.SIGHUP)

        assert core.status()["pid"] == core.process.pid


def test_stop_with_abort_leaves_at_once(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    patient = running_core(places_env, drain_timeout_s="60")
    with patient as core, core.stream("run1", path) as stream:
        stream.send(1, [open_run("run1"), log({"x": 1})])
        stream.wait_acknowledged(3)
        core.ask("Stop", service.StopRequest(abort=True))
        assert core.process.wait(30) == 0

    assert rows_of(path, "x") == [1]


def test_a_torn_tail_is_told_and_the_run_goes_on(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    with running_core(places_env) as core:
        with core.stream("run1", path) as stream:
            stream.send(1, records()[:50])
            stream.wait_acknowledged(51)
        core.kill()
    with path.open("ab") as file:
        file.write(b"\x01\x02\x03half a record")

    with running_core(places_env) as core, core.stream("run1", path) as stream:
        stream.send(40, records()[39:60])
        stream.wait_acknowledged(61)
        assert "bytes" in stream.wait_notice("damaged")

    assert rows_of(path, "x") == list(range(59))
