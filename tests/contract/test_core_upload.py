"""A real core uploads over real HTTP: live, after crashes, with keys that come late."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from wandb_core.backlog import Backlog
from wandb_proto.credentials import write_key
from wandb_proto.places import Places
from wandb_proto.v1 import core_service_pb2 as service

from tests.support.core_process import (
    CoreProcess,
    exit_run,
    log,
    open_run,
    running_core,
)
from tests.support.fake_server import API_KEY, FakeServer
from tests.support.rings import ring_of, write_ring
from tests.support.waiting import wait_until, wait_until_async

QUICK = {
    "live_interval_s": "0.05",
    "retry_delay_s_min": "0.05",
    "retry_delay_s_max": "0.2",
    "orphan_check_s": "0.1",
}


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as running:
        yield running


def ref(path: Path) -> service.RunRef:
    return service.RunRef(run_id="run1", log_path=str(path))


def finish(core: CoreProcess, path: Path, wait_s: float = 10.0) -> Any:
    return core.ask("FinishRun", service.FinishRunRequest(run=ref(path), wait_s=wait_s))


def publish_run(
    core: CoreProcess,
    path: Path,
    server: FakeServer,
    *,
    rows: int = 100,
    ends: bool = True,
    api_key: str = "",
) -> None:
    """A whole run through one stream, up to its acknowledgement."""
    records = [open_run("run1", mode="online", base_url=server.base_url)]
    records += [log({"x": n}) for n in range(rows)]
    records += [exit_run()] if ends else []
    with core.stream("run1", path, api_key=api_key) as stream:
        stream.send(1, records)
        stream.wait_acknowledged(len(records) + 1)
        stream.close()


def login(environ: dict[str, str], server: FakeServer) -> None:
    write_key(environ, server.base_url, API_KEY)


def entries(environ: dict[str, str]) -> list[Path]:
    backlog = Backlog(Places.from_environment(environ).backlog_dir)
    return [entry.log_path for entry in backlog.entries()]


async def test_a_run_is_live_and_then_complete(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-run1.wandb"
    login(places_env, server)

    def use_core() -> None:
        with (
            running_core(places_env, **QUICK) as core,
            core.stream("run1", path) as stream,
        ):
            opening = open_run("run1", mode="online", base_url=server.base_url)
            stream.send(1, [opening, log({"x": 0})])
            stream.wait_acknowledged(3)
            started = core.ask(
                "StartRun", service.StartRunRequest(run=ref(path), wait_s=10)
            )
            assert started.server_known
            assert started.entity == server.entity
            assert started.run_url.endswith("/runs/run1")
            wait_until(lambda: server.runs["run1"].line_count("wandb-history.jsonl"))
            assert entries(places_env) == [path]
            stream.send(3, [log({"x": 1}), exit_run()])
            stream.wait_acknowledged(5)
            finished = finish(core, path)
            assert finished.durable
            assert finished.uploaded
            assert finished.rows_uploaded == finished.rows_total == 2
            assert finished.bytes_left == 0

    await asyncio.to_thread(use_core)

    run = server.run("run1")
    assert [row["x"] for row in run.history] == [0, 1]
    assert run.complete
    assert run.exit_code == 0
    assert entries(places_env) == []


async def test_a_killed_core_leaves_the_upload_to_the_next(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    """The server is away until the second core runs; nobody opens the run again."""
    path = tmp_path / "run-run1.wandb"
    login(places_env, server)
    await server.down()

    def first_core() -> None:
        with running_core(places_env, **QUICK) as core:
            publish_run(core, path, server, rows=1000)
            finished = finish(core, path, wait_s=0.5)
            assert finished.durable
            assert not finished.uploaded
            assert not finished.failed
            wait_until(lambda: finish(core, path, wait_s=0.1).problem)
            core.kill()

    await asyncio.to_thread(first_core)
    assert entries(places_env) == [path]

    def second_core() -> int:
        with running_core(places_env, **QUICK, idle_timeout_s="0.5") as core:
            asyncio.run_coroutine_threadsafe(server.up(), loop).result(10)
            return core.process.wait(20)

    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(second_core) == 0

    assert [row["x"] for row in server.run("run1").history] == list(range(1000))
    assert server.run("run1").complete
    assert entries(places_env) == []


async def test_core_killed_during_an_upload_stores_no_row_twice(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-run1.wandb"
    login(places_env, server)

    def first_core() -> None:
        with running_core(places_env, **QUICK) as core:
            publish_run(core, path, server, rows=20_000)
            wait_until(lambda: "run1" in server.runs and server.runs["run1"].lines)
            core.kill()

    def second_core() -> int:
        with running_core(places_env, **QUICK, idle_timeout_s="0.5") as core:
            return core.process.wait(20)

    await asyncio.to_thread(first_core)
    assert await asyncio.to_thread(second_core) == 0

    run = server.run("run1")
    assert [row["x"] for row in run.history] == list(range(20_000))
    assert run.conflicts == []
    assert run.complete


async def test_a_crashed_run_ends_at_the_server_too(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-run1.wandb"
    login(places_env, server)

    def use_core() -> int:
        with running_core(places_env, **QUICK, idle_timeout_s="0.5") as core:
            publish_run(core, path, server, ends=False)
            return core.process.wait(20)

    assert await asyncio.to_thread(use_core) == 0

    run = server.run("run1")
    assert len(run.history) == 100
    assert run.complete
    assert run.exit_code != 0


async def test_a_log_without_a_key_waits_and_holds_nobody_up(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-run1.wandb"

    def first_core() -> int:
        with running_core(places_env, **QUICK, idle_timeout_s="1") as core:
            publish_run(core, path, server)
            wait_until(lambda: core.status()["backlog"]["waiting_for_key"] == 1)
            return core.process.wait(20)

    def second_core() -> int:
        with running_core(places_env, **QUICK, idle_timeout_s="3") as core:
            wait_until(lambda: core.status()["backlog"]["waiting_for_key"] == 1)
            login(places_env, server)
            wait_until(lambda: not entries(places_env))
            return core.terminate()

    assert await asyncio.to_thread(first_core) == 0
    assert entries(places_env) == [path]
    assert await asyncio.to_thread(second_core) == 0

    assert server.run("run1").complete


async def test_a_key_of_the_environment_is_used_and_never_written(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-run1.wandb"

    def use_core() -> None:
        with running_core(places_env, **QUICK) as core:
            publish_run(core, path, server, api_key=API_KEY)
            assert finish(core, path).uploaded
            core.terminate()

    await asyncio.to_thread(use_core)

    assert server.run("run1").complete
    root = Path(places_env["HOME"]).parent
    for directory in (root, tmp_path):
        for file in directory.rglob("*"):
            if file.is_file():
                assert API_KEY.encode() not in file.read_bytes(), file


async def test_the_wish_of_the_server_to_stop_reaches_the_process(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-run1.wandb"
    login(places_env, server)
    server.stop_requested = True

    def use_core() -> None:
        with (
            running_core(places_env, **QUICK) as core,
            core.stream("run1", path) as stream,
        ):
            opening = open_run("run1", mode="online", base_url=server.base_url)
            stream.send(1, [opening, log({"x": 0})])
            stream.wait_stop_requested()

    await asyncio.to_thread(use_core)


async def test_logs_of_one_run_go_up_in_their_order(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    """The first log waits for the server; a second log of the run comes meanwhile."""
    paths = [tmp_path / "a" / "run-run1.wandb", tmp_path / "b" / "run-run1.wandb"]
    login(places_env, server)
    await server.down()
    loop = asyncio.get_running_loop()

    def use_core() -> int:
        with running_core(places_env, **QUICK, idle_timeout_s="0.5") as core:
            publish_run(core, paths[0], server, rows=3)
            publish_run(core, paths[1], server, rows=2)
            wait_until(lambda: entries(places_env) == paths)
            asyncio.run_coroutine_threadsafe(server.up(), loop).result(10)
            return core.process.wait(20)

    assert await asyncio.to_thread(use_core) == 0

    assert [row["x"] for row in server.run("run1").history] == [0, 1, 2, 0, 1]


async def test_sync_brings_what_a_killed_process_left(
    places_env: dict[str, str], tmp_path: Path, server: FakeServer
) -> None:
    """Core and process are dead, the ring is all there is; then: wandb sync."""
    path = tmp_path / "offline-run-1" / "run-run1.wandb"
    with running_core(places_env) as core, core.stream("run1", path) as stream:
        first = [open_run("run1"), log({"x": 0})]
        stream.send(1, first)
        stream.wait_acknowledged(3)
        core.kill()
    ring_path = ring_of(places_env)
    write_ring(ring_path, path, [*first, log({"x": 1}), log({"x": 2})]).close()
    command = ["-m", "wandb_core", "sync", str(path.parent)]
    more = {"WANDB_API_KEY": API_KEY, "WANDB_BASE_URL": server.base_url}

    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=places_env | more,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()

    assert process.returncode == 0, printed
    assert [row["x"] for row in server.run("run1").history] == [0, 1, 2]
    assert not ring_path.exists()
    await wait_until_async(lambda: server.run("run1").complete)
