"""Files of a running run: when they are uploaded, and which stay here."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from wandb_core.run_state import state as run_state
from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from tests.support.fake_server import FakeServer
from tests.support.logged_runs import LoggedRun
from tests.support.uploads import QUICK, log_path, uploader
from tests.support.waiting import wait_until_async

LIVE = replace(QUICK, live_file_look_s=0.05, live_file_pause_s=0.05)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LoggedRun]:
    log = LoggedRun(log_path(tmp_path))
    (log.path.parent / "files").mkdir()
    yield log
    log.close()


@asynccontextmanager
async def uploading(
    log: LoggedRun, server: FakeServer, settings: object = LIVE
) -> AsyncIterator[None]:
    """The upload goes on meanwhile; the run ends at the end."""
    upload = uploader(log, server, settings=settings)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        yield
        log.exit()
        await log.announce()
        assert (await task).uploaded


def files_of(server: FakeServer) -> dict[str, bytes]:
    return server.run("r1").files if "r1" in server.runs else {}


def write(log: LoggedRun, name: str, text: str) -> Path:
    path = log.path.parent / "files" / name
    path.write_text(text)
    return path


def puts(server: FakeServer, name: str) -> int:
    return sum(request.path.endswith(f"/{name}") for request in server.of_kind("put"))


async def test_live_files_arrive_again_whenever_they_changed(
    log: LoggedRun, server: FakeServer
) -> None:
    write(log, "a.txt", "one")
    log.file("a.txt", pb.FilesItem.LIVE)
    async with uploading(log, server):
        await wait_until_async(lambda: files_of(server).get("a.txt") == b"one")
        write(log, "a.txt", "two!")
        await wait_until_async(lambda: files_of(server)["a.txt"] == b"two!")
        write(log, "a.txt", "three")

    assert files_of(server)["a.txt"] == b"three"


async def test_a_link_is_followed_to_what_it_shows(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("one")
    (log.path.parent / "files" / "mine.txt").symlink_to(mine)
    log.file("mine.txt", pb.FilesItem.LIVE)
    async with uploading(log, server):
        await wait_until_async(lambda: files_of(server).get("mine.txt") == b"one")
        mine.write_text("two!")
        await wait_until_async(lambda: files_of(server)["mine.txt"] == b"two!")


async def test_a_file_that_stays_the_same_is_sent_once(
    log: LoggedRun, server: FakeServer
) -> None:
    write(log, "a.txt", "one")
    write(log, "b.txt", "one")
    log.file("a.txt", pb.FilesItem.LIVE)
    async with uploading(log, server):
        await wait_until_async(lambda: "a.txt" in files_of(server))
        log.file("b.txt", pb.FilesItem.LIVE)
        await log.announce()
        await wait_until_async(lambda: "b.txt" in files_of(server))

    assert (puts(server, "a.txt"), puts(server, "b.txt")) == (1, 1)


async def test_a_file_is_left_alone_while_it_is_being_written(
    log: LoggedRun, server: FakeServer
) -> None:
    """It grows at every look, until it is whole: no part of it was ever sent."""
    path = write(log, "a.txt", "")
    log.file("a.txt", pb.FilesItem.LIVE)
    log.file("c.txt", pb.FilesItem.LIVE)
    write(log, "c.txt", "steady")
    text = ""
    async with uploading(log, server):
        while "c.txt" not in files_of(server) or len(text) < 40:
            text += "x"
            path.write_text(text)
            os.utime(path, ns=(len(text), len(text)))
            await asyncio.sleep(0.02)
        path.write_text("whole")
        await wait_until_async(lambda: files_of(server).get("a.txt") == b"whole")

    assert puts(server, "a.txt") == 1


async def test_files_wait_for_the_end_where_the_policy_says_so(
    log: LoggedRun, server: FakeServer
) -> None:
    write(log, "end.txt", "early")
    write(log, "now.txt", "early")
    log.file("end.txt", pb.FilesItem.END)
    log.file("now.txt", pb.FilesItem.NOW)
    async with uploading(log, server):
        await wait_until_async(lambda: "now.txt" in files_of(server))
        assert "end.txt" not in files_of(server)
        write(log, "end.txt", "late")
        write(log, "own.txt", "written by the user, named nowhere")

    found = files_of(server)
    assert found["end.txt"] == b"late"
    assert "own.txt" in found


async def test_the_latest_policy_of_a_file_counts(
    log: LoggedRun, server: FakeServer
) -> None:
    write(log, "a.txt", "one")
    log.file("a.txt", pb.FilesItem.LIVE)
    async with uploading(log, server):
        await wait_until_async(lambda: "a.txt" in files_of(server))
        log.file("a.txt", pb.FilesItem.END)
        log.file("b.txt", pb.FilesItem.LIVE)
        write(log, "b.txt", "x")
        await log.announce()
        await wait_until_async(lambda: "b.txt" in files_of(server))
        write(log, "a.txt", "two!")
        write(log, "b.txt", "y!")
        await wait_until_async(lambda: files_of(server)["b.txt"] == b"y!")
        assert files_of(server)["a.txt"] == b"one"

    assert files_of(server)["a.txt"] == b"two!"


async def test_ignored_files_stay_here(tmp_path: Path, server: FakeServer) -> None:
    item = pb.SettingsItem(
        key=run_state.IGNORE_GLOBS,
        value_json=json_codec.dumps(["*.pth", "secret/*"]).decode(),
    )
    settings = pb.SettingsRecord(item=[item])
    log = LoggedRun(log_path(tmp_path), settings=settings)
    (log.path.parent / "files" / "secret").mkdir(parents=True)
    for number, name in enumerate(("a.pth", "secret/key", "b.txt", "own.pth")):
        write(log, name, name)
        if number < 3:
            log.file(name, number)  # one of each policy
    async with uploading(log, server):
        await wait_until_async(lambda: "r1" in server.runs)
    log.close()

    assert {"b.txt", "config.yaml"} <= set(files_of(server))
    assert not {"a.pth", "secret/key", "own.pth"} & set(files_of(server))


async def test_metadata_is_there_while_the_run_runs(
    log: LoggedRun, server: FakeServer
) -> None:
    program = pb.EnvironmentRecord(program="train.py", writer_id="w")
    log.append(pb.Record(environment=program))
    async with uploading(log, server):
        await wait_until_async(lambda: "r1" in server.runs)
        machine = pb.EnvironmentRecord(cpu_count_logical=2, writer_id="w")
        log.append(pb.Record(environment=machine))
        await log.announce()
        await wait_until_async(lambda: "wandb-metadata.json" in files_of(server))
        found = json_codec.loads(files_of(server)["wandb-metadata.json"])
        assert found == {"program": "train.py", "cpu_count_logical": 2, "writerId": "w"}
