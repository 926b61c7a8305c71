"""A real core and a real gRPC client: what goes in is in the log, the rules hold."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from wandb_core.transaction_log import read_all
from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.core_place import core_lives, read_address
from wandb_proto.places import Places, make_private
from wandb_proto.v1 import core_service_pb2 as service

from tests.support.core_process import (
    CoreProcess,
    exit_run,
    log,
    open_run,
    running_core,
    start_core,
    stop_any_core,
)
from tests.support.waiting import wait_until


def rows_of(path: Path, key: str) -> list[Any]:
    return [
        json.loads(item.value_json)
        for logged in read_all(path)
        for item in logged.record.history.item
        if (item.key or "/".join(item.nested_key)) == key
    ]


def run_ref(path: Path) -> service.RunRef:
    return service.RunRef(run_id="run1", log_path=str(path))


def core_command(
    environ: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wandb_core", *arguments],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_batches_are_in_the_log_when_they_are_acknowledged(
    places_env: dict[str, str], tmp_path: Path, transport: str
) -> None:
    path = tmp_path / "run-run1.wandb"

    with (
        running_core(places_env, transport=transport) as core,
        core.stream("run1", path) as stream,
    ):
        stream.send(1, [open_run("run1"), *(log({"x": n}) for n in range(50))])
        stream.send(52, [log({"x": n}) for n in range(50, 100)])
        stream.wait_acknowledged(102)
        assert rows_of(path, "x") == list(range(100))

        summary = core.ask("GetSummary", service.GetSummaryRequest(run=run_ref(path)))
        assert summary.found
        assert json.loads(summary.summary_json)["x"] == 99

        stream.send(102, [exit_run()])
        stream.wait_acknowledged(103)
        finished = core.ask(
            "FinishRun", service.FinishRunRequest(run=run_ref(path), wait_s=10)
        )
        assert finished.durable
        assert finished.offline
        assert not finished.uploaded
        assert json.loads(finished.summary_json)["x"] == 99

    assert list(read_all(path))[-2].record.WhichOneof("record_type") == "exit"


def test_the_handshake_names_version_build_and_protocol(
    places_env: dict[str, str],
) -> None:
    """A client of another protocol is answered too: it decides what to do."""
    with running_core(places_env) as core:
        answer = core.ask("Handshake", service.HandshakeRequest(protocol=999))

        assert answer.protocol == PROTOCOL_VERSION
        assert answer.version == VERSION
        assert answer.build == core.address.build
        assert answer.pid == core.process.pid


@pytest.mark.parametrize("metadata", [(), (("wandb-token", "guess"),)])
def test_calls_without_the_token_are_refused(
    places_env: dict[str, str], metadata: tuple[tuple[str, str], ...]
) -> None:
    with running_core(places_env, transport="tcp") as core:
        with pytest.raises(grpc.RpcError) as refusal:
            core.stub().GetStatus(service.GetStatusRequest(), metadata=metadata)
        assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as refusal:
            list(core.stub().Publish(iter([service.RecordBatch()]), metadata=metadata))
        assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_bad_opening_is_refused_and_core_lives(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    with running_core(places_env) as core:
        with core.stream("run1", Path("relative.wandb")) as stream:
            error = stream.failure()
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert "log path" in error.details()

        assert core.status()["pid"] == core.process.pid


def test_too_many_clients_are_refused_with_the_setting_to_change(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    with (
        running_core(places_env, clients_max="1") as core,
        core.stream("run1", path) as first,
    ):
        first.send(1, [open_run("run1")])
        first.wait_acknowledged(2)
        with core.stream("run1", path, stream_id="s2", primary=False) as second:
            assert "WANDB_CORE_CLIENTS_MAX" in second.failure().details()


def test_a_malformed_record_reaches_the_user_and_not_the_others(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path, other = tmp_path / "run-run1.wandb", tmp_path / "run-run2.wandb"
    with (
        running_core(places_env) as core,
        core.stream("run1", path) as stream,
        core.stream("run2", other) as neighbour,
    ):
        stream.send(1, [open_run("run1"), b"\xff\xff", log({"x": 1})])
        neighbour.send(1, [open_run("run2"), log({"x": 2})])
        stream.wait_acknowledged(4)
        neighbour.wait_acknowledged(3)
        assert stream.wait_notice("not understood")
        assert core.status()["totals"]["rejected"] == 1

    assert rows_of(path, "x") == [1]
    assert rows_of(other, "x") == [2]


def test_a_batch_without_records_is_answered_at_once(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    with running_core(places_env) as core, core.stream("run1", path) as stream:
        assert stream.ask() == 0
        stream.send(1, [open_run("run1"), log({"x": 1})])
        stream.wait_acknowledged(3)

        assert [stream.ask(), stream.ask()] == [3, 3]

    assert rows_of(path, "x") == [1]


def test_status_tells_clients_runs_and_rates(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run-run1.wandb"
    with running_core(places_env) as core, core.stream("run1", path) as stream:
        stream.send(1, [open_run("run1"), log({"x": 1})])
        stream.wait_acknowledged(3)

        printed = core_command(core.environ, "status", "--json")

        status = json.loads(printed.stdout)
        assert status["clients"][0]["pid"] == os.getpid()
        assert status["runs"][0]["run_id"] == "run1"
        assert status["runs"][0]["log_bytes"] == path.stat().st_size
        assert status["totals"]["records"] == 2
        assert status["backlog"]["logs"] == 0
        assert status["memory_bytes"] > 1 << 20
        assert "clients  1" in core_command(core.environ, "status").stdout


def test_commands_start_and_stop_it(places_env: dict[str, str]) -> None:
    try:
        assert "does not run" in core_command(places_env, "status").stdout
        assert "core runs" in core_command(places_env, "start").stdout
        places = Places.from_environment(places_env)
        first = read_address(places)
        assert first is not None
        assert str(first.pid) in core_command(places_env, "start").stdout
        assert "has stopped" in core_command(places_env, "stop").stdout
        assert not core_lives(places)
        assert not places.core_address.exists()
        assert not places.core_socket.exists()
        assert "does not run" in core_command(places_env, "stop").stdout
    finally:
        stop_any_core(places_env)


def test_it_leaves_when_it_is_idle(places_env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    with running_core(places_env, idle_timeout_s="0.3", orphan_check_s="0.1") as core:
        with core.stream("run1", path) as stream:
            stream.send(1, [open_run("run1"), exit_run()])
            stream.wait_acknowledged(3)
            # Connected: it stays, even beyond the timeout.
            with pytest.raises(subprocess.TimeoutExpired):
                core.process.wait(0.8)
            stream.close()
        stop = core.process.wait(10)

    assert stop == 0
    assert not core.places.core_address.exists()


def test_two_cores_at_once_become_one(places_env: dict[str, str]) -> None:
    with running_core(places_env) as core:
        second = start_core(places_env)

        assert second.process.wait(20) == 0
        assert core.status()["pid"] == core.process.pid


def test_a_core_started_during_the_start_of_another_leaves_it_alone(
    places_env: dict[str, str],
) -> None:
    cores = [start_core(places_env) for _ in range(3)]
    try:
        alive: list[CoreProcess] = []

        def only_one_is_left() -> bool:
            alive[:] = [core for core in cores if core.process.poll() is None]
            return len(alive) == 1

        wait_until(only_one_is_left, 20)
        assert alive[0].status()["pid"] == alive[0].process.pid
    finally:
        for core in cores:
            for channel in core.channels:
                channel.close()
            core.kill()


def test_a_corrupted_address_file_is_repaired(places_env: dict[str, str]) -> None:
    with running_core(places_env, orphan_check_s="0.1") as core:
        address = core.address

        core.places.core_address.write_text("{half a fi")

        wait_until(lambda: read_address(core.places) == address)


def test_stale_files_of_a_killed_core_do_not_matter(places_env: dict[str, str]) -> None:
    with running_core(places_env) as core:
        first = core.address
        core.kill()
    assert core.places.core_socket.exists()

    with running_core(places_env) as core:
        assert core.address.token != first.token
        assert core.status()["pid"] == core.process.pid


def test_it_leaves_when_its_directory_was_removed(places_env: dict[str, str]) -> None:
    with running_core(places_env, orphan_check_s="0.1") as core:
        for path in core.places.runtime_dir.iterdir():
            path.unlink()

        assert core.process.wait(15) == 0


def test_a_runtime_directory_open_to_others_is_refused(
    places_env: dict[str, str],
) -> None:
    runtime_dir = Path(places_env["WANDB_RUNTIME_DIR"])
    runtime_dir.mkdir(mode=0o755)
    runtime_dir.chmod(0o755)

    ended = core_command(places_env, "serve")

    assert ended.returncode == 1
    assert "chmod 700" in ended.stderr


def test_a_bad_setting_is_named(places_env: dict[str, str]) -> None:
    ended = core_command(places_env | {"WANDB_CORE_FSYNC": "maybe"}, "serve")

    assert ended.returncode == 1
    assert "WANDB_CORE_FSYNC" in ended.stderr
    assert "always|interval|never" in ended.stderr


def test_a_very_long_runtime_directory_gets_a_short_socket(
    places_env: dict[str, str],
) -> None:
    long_dir = Path(places_env["HOME"]) / ("x" * 60) / ("y" * 60)
    long_dir.mkdir(parents=True)
    environ = places_env | {"WANDB_RUNTIME_DIR": str(long_dir / "run")}

    with running_core(environ) as core:
        assert core.address.address.startswith("unix:/tmp/")
        assert core.status()["pid"] == core.process.pid
        core.terminate()
    core.places.core_socket.parent.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_gets_neither_socket_nor_token_nor_spool(
    places_env: dict[str, str],
) -> None:
    with running_core(places_env) as core:
        socket_path = core.places.core_socket
        root = core.places.runtime_dir.parent
        root.chmod(0o755)
        assert stat.S_IMODE(core.places.runtime_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE(core.places.core_address.stat().st_mode) == 0o600
        spool_dir = make_private(core.places.spool_dirs[0])
        tries = [
            lambda: list(spool_dir.iterdir()),
            (spool_dir / "evil.ring").touch,
            lambda: socket.socket(socket.AF_UNIX).connect(str(socket_path)),
            core.places.core_address.read_bytes,
            lambda: list(core.places.runtime_dir.iterdir()),
        ]

        assert [_refused_as_nobody(attempt) for attempt in tries] == [True] * 5


def _refused_as_nobody(attempt: Any) -> bool:
    """Try it in a child with another uid; True if the system forbids it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            attempt()
        except PermissionError:
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0
