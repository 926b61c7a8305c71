"""Uploading one of several logs of a run that is shared by its writers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from wandb_proto.v1 import record_pb2 as pb

from tests.support.fake_server import FakeServer
from tests.support.logged_runs import LoggedRun
from tests.support.uploads import log_path, uploader


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LoggedRun]:
    log = LoggedRun(log_path(tmp_path))
    yield log
    log.close()


async def test_writers_of_a_shared_run_say_who_they_are(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    log.append(pb.Record(exit=pb.RunExitRecord(not_complete=True)))
    log.die()
    target = pb.UploadTarget(mode="shared", base_url=server.base_url, label="rank1")

    await uploader(log, server, target=target).run()

    post = server.of_kind("file_stream")[0]
    assert post.headers["X-Wandb-Use-Async-Filestream"] == "true"
    assert len(post.headers["X-Wandb-Async-Client-Id"]) == 36
    assert not server.run("r1").complete
    client_id = post.headers["X-Wandb-Async-Client-Id"]
    upserts = server.of_kind("UpsertBucket")
    assert {x.headers["X-Wandb-Client-Id"] for x in upserts} == {client_id}


@pytest.mark.parametrize("killed", [False, True])
async def test_a_secondary_writer_neither_ends_the_run_nor_sends_its_files(
    log: LoggedRun, server: FakeServer, killed: bool
) -> None:
    log.rows(1)
    if not killed:
        log.append(pb.Record(exit=pb.RunExitRecord(not_complete=True)))
    log.die()
    target = pb.UploadTarget(
        mode="shared", base_url=server.base_url, secondary=True, leaves_run_open=True
    )

    assert (await uploader(log, server, target=target).run()).uploaded

    run = server.run("r1")
    assert len(run.history) == 1
    assert (run.complete, dict(run.files)) == (False, {})
