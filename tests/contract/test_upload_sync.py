"""`wandb sync` of our logs and of official ones, against a server over real HTTP."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from wandb_core.clock import SystemClock
from wandb_core.server_client import ServerClient
from wandb_core.sync import SyncOptions, SyncTools, sync_logs
from wandb_core.uploader import Destination
from wandb_proto.v1 import record_pb2 as pb

from tests.support.fake_server import API_KEY, FakeServer, Fault
from tests.support.logged_runs import LoggedRun
from tests.support.uploads import QUICK


class Sync:
    """`wandb sync` with what it said."""

    def __init__(self, server: FakeServer) -> None:
        self.said: list[str] = []
        self.tools = SyncTools(
            target=pb.UploadTarget(mode="online", base_url=server.base_url),
            credentials=lambda: API_KEY,
            connect=lambda target, key: ServerClient(target.base_url, key),
            clock=SystemClock(),
            chance=random.Random(1),
            settings=QUICK,
        )

    async def __call__(self, *paths: Path, **options: object) -> int:
        self.said.clear()
        names = Destination.__dataclass_fields__
        where: dict[str, Any] = {n: options.pop(n) for n in names if n in options}
        chosen = SyncOptions(Destination(**where), **options)  # type: ignore[arg-type]
        return await sync_logs(paths, chosen, self.tools, self.said.append)

    def said_about(self, words: str) -> bool:
        return any(words in text for text in self.said)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def sync(server: FakeServer) -> Sync:
    return Sync(server)


def offline_run(
    root: Path, run_id: str = "r1", *, rows: int = 3, second: int = 0, **more: object
) -> Path:
    folder = root / "wandb" / f"offline-run-20261120_10000{second}-{run_id}"
    log = LoggedRun(folder / f"run-{run_id}.wandb", run_id, **more)  # type: ignore[arg-type]
    log.rows(rows)
    log.prints("hello\n", at=1.5)
    log.exit()
    log.close()
    return log.path


async def test_offline_run_is_uploaded_and_marked(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)

    assert await sync(path.parent) == 0

    run = server.run("r1")
    assert len(run.history) == 3
    assert run.console == ["2025-10-09T08:53:21.500000 hello"]
    assert run.complete
    assert (path.parent / "run-r1.wandb.synced").exists()
    assert sync.said_about("done, 3 rows")


async def test_second_sync_changes_nothing(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)
    await sync(path)
    count = len(server.requests)

    assert await sync(path) == 0
    assert sync.said_about("synced already")
    assert await sync(path, include_synced=True) == 0
    assert sync.said_about("is at the server already")

    assert len(server.requests) == count


async def test_official_log_needs_no_carriers(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path, ours=False)

    assert await sync(path) == 0

    assert len(server.run("r1").history) == 3


async def test_official_resumed_log_is_appended_with_raised_steps(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    """Recorded 0, 1, 2 onto a run that ended at 2 become 3, 4, 5."""
    telemetry = pb.TelemetryRecord(cli_version="0.31.0")
    first = offline_run(tmp_path, ours=False, telemetry=telemetry)
    second = offline_run(tmp_path, ours=False, resume=True, second=1)

    assert await sync(second, first) == 0
    run = server.run("r1")

    assert sorted(row["_step"] for row in run.history) == [0, 1, 2, 3, 4, 5]
    assert run.conflicts == []
    assert len(run.console) == 2


async def test_options_choose_the_destination(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)

    await sync(path, entity="team", project="other", run_id="new-id")

    run = server.run("new-id")
    assert (run.entity, run.project) == ("team", "other")
    assert sync.said_about("/team/other/runs/new-id")


async def test_one_id_for_several_logs_joins_them_in_order_of_their_start(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    offline_run(tmp_path, "b", rows=2, second=2)
    offline_run(tmp_path, "a", rows=3, second=1)

    assert await sync(tmp_path / "wandb", run_id="x") == 0

    assert list(server.runs) == ["x"]
    assert len(server.run("x").history) == 5
    assert server.run("x").conflicts == []


async def test_wandb_directory_stands_for_all_its_runs(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    offline_run(tmp_path, "a")
    offline_run(tmp_path, "b")

    assert await sync(tmp_path / "wandb") == 0

    assert set(server.runs) == {"a", "b"}


async def test_online_runs_are_taken_when_named_or_on_demand(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)
    online = path.parent.rename(path.parent.parent / "run-20261120_100000-r1")

    assert await sync(online.parent) == 0
    assert server.runs == {}
    assert sync.said_about("--include-online")

    assert await sync(online.parent, include_online=True, dry_run=True) == 0
    assert sync.said_about("run r1")
    assert await sync(online) == 0
    assert len(server.run("r1").history) == 3


async def test_dry_run_only_lists(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)

    assert await sync(path, dry_run=True) == 0

    assert sync.said == [f"{path}: run r1"]
    assert server.requests == []


async def test_log_that_is_being_written_is_left_to_its_writer(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    log = LoggedRun(tmp_path / "offline-run-x" / "run-x.wandb")
    log.rows(1)

    assert await sync(log.path) == 0

    assert sync.said_about("is being written")
    assert server.runs == {}
    log.close()


async def test_log_without_exit_record_counts_as_crashed(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    log = LoggedRun(tmp_path / "offline-run-x" / "run-r1.wandb")
    log.rows(2)
    log.close()

    assert await sync(log.path) == 0

    assert server.run("r1").exit_code == 1


async def test_torn_log_is_uploaded_as_far_as_it_goes_and_the_damage_told(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path, rows=5)
    data = path.read_bytes()
    path.write_bytes(data[:-100])

    assert await sync(path) == 0

    assert len(server.run("r1").history) >= 4
    assert sync.said_about("cannot be read")


async def test_wrong_paths_are_told(tmp_path: Path, sync: Sync) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()

    code = await sync(
        tmp_path / "empty", tmp_path / "notes.txt", tmp_path / "nowhere.wandb"
    )

    assert code == 1
    assert len(sync.said) == 3


async def test_killed_in_the_first_moment_there_is_nothing_to_sync(
    tmp_path: Path, sync: Sync
) -> None:
    path = tmp_path / "offline-run-x" / "run-x.wandb"
    path.parent.mkdir()
    path.write_bytes(b":W&B\xe1\xbe\x00")

    assert await sync(path) == 0
    assert sync.said_about("holds no run")


async def test_without_a_key_nothing_is_tried(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    sync.tools = replace(sync.tools, credentials=lambda: None)

    assert await sync(offline_run(tmp_path)) == 1

    assert sync.said_about("wandb login")
    assert server.requests == []


async def test_refused_log_is_not_marked(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)
    server.fail("file_stream", Fault(status=400, body="no thanks"))

    assert await sync(path) == 1
    assert sync.said_about("no thanks")
    assert not (path.parent / "run-r1.wandb.synced").exists()

    assert await sync(path) == 0
    assert len(server.run("r1").history) == 3


async def test_a_log_is_settled_before_it_is_read(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)
    settled: list[Path] = []

    async def settle(log_path: Path) -> None:
        settled.append(log_path)

    sync.tools = replace(sync.tools, settle=settle)
    await sync(path)

    assert settled == [path]


async def test_log_of_one_of_several_writers_stays_that(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    """What its process said about itself counts, also when somebody else uploads it."""
    target = pb.UploadTarget(
        mode="shared", label="rank1", secondary=True, leaves_run_open=True
    )
    path = offline_run(tmp_path, target=target)

    assert await sync(path.parent) == 0

    run = server.run("r1")
    assert run.console == ["2025-10-09T08:53:21.500000 [rank1] hello"]
    assert (len(run.history), run.complete, dict(run.files)) == (3, False, {})
    for kind in ("file_stream", "UpsertBucket"):
        headers = server.of_kind(kind)[0].headers
        assert headers["X-Wandb-Use-Async-Filestream"] == "true"
