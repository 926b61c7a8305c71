"""The options of `wandb sync`, and following a log that is still being written."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from wandb_core import growing_log, sync_command
from wandb_proto.v1 import record_pb2 as pb

from tests.contract.test_upload_sync import Sync, offline_run
from tests.support.fake_server import FakeServer
from tests.support.logged_runs import LoggedRun
from tests.support.waiting import wait_until_async


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def sync(server: FakeServer) -> Sync:
    return Sync(server)


def run_with_files(root: Path, *names: str) -> Path:
    path = offline_run(root, tags=["old", "kept"], job_type="train")
    files = path.parent / "files"
    for name in names:
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_text(name)
    return path


async def test_job_type_and_tags_are_replaced(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = run_with_files(tmp_path)

    await sync(path, job_type="eval", new_tags=(("old", "new"), ("no", "never")))

    fields = server.run("r1").fields
    assert (fields["jobType"], fields["tags"]) == ("eval", ["new", "kept"])


async def test_globs_choose_files_and_the_console_is_left_out(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = run_with_files(tmp_path, "plots/a.png", "plots/b.txt", "notes.md")

    await sync(
        path,
        include_globs=("plots/*", "config.yaml"),
        exclude_globs=("*.txt",),
        leaves_console=True,
    )

    run = server.run("r1")
    assert set(run.files) == {"plots/a.png", "config.yaml"}
    assert run.console == []
    assert len(run.history) == 3


async def test_no_mark_is_left_if_none_is_wanted(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    path = offline_run(tmp_path)

    assert await sync(path, marks=False) == 0

    assert not path.with_name(path.name + ".synced").exists()


async def test_append_goes_on_behind_what_the_run_has(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    await sync(offline_run(tmp_path / "a", "r1", rows=3))

    await sync(offline_run(tmp_path / "b", "r1", rows=2, second=5), appends=True)

    steps = [row["_step"] for row in server.run("r1").history]
    assert steps == [0, 1, 2, 3, 4]


async def test_several_runs_go_side_by_side(
    tmp_path: Path, server: FakeServer, sync: Sync
) -> None:
    for second, name in enumerate("abcde"):
        offline_run(tmp_path, name, second=second)

    assert await sync(tmp_path / "wandb", parallel=3) == 0

    assert {
        run.name: len(run.history) for run in server.runs.values()
    } == dict.fromkeys("abcde", 3)


@pytest.mark.parametrize("ours", [True, False])
async def test_live_follows_a_log_until_its_run_ends(
    tmp_path: Path,
    server: FakeServer,
    sync: Sync,
    monkeypatch: pytest.MonkeyPatch,
    ours: bool,
) -> None:
    monkeypatch.setattr(growing_log, "POLL_S", 0.02)
    monkeypatch.setattr(growing_log, "QUIET_S", 0.1)
    path = tmp_path / "offline-run-20261120_100000-r1" / "run-r1.wandb"
    log = LoggedRun(path, ours=ours)
    _write(log, 2, ours)

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(sync(path, live=True))
        await wait_until_async(lambda: _row_count(server) == 2)
        assert not following.done()
        _write(log, 3, ours)
        await wait_until_async(lambda: _row_count(server) == 5)
        assert not server.run("r1").complete
        log.exit()
        _write(log, 0, ours)

    assert following.result() == 0
    run = server.run("r1")
    assert (run.exit_code, run.conflicts) == (0, [])
    log.close()
    assert await sync(path, include_synced=True) == 0
    assert _row_count(server) == 5


def _row_count(server: FakeServer) -> int:
    return len(server.runs["r1"].history) if "r1" in server.runs else 0


def _write(log: LoggedRun, rows: int, ours: bool) -> None:
    log.rows(rows)
    if ours:
        carrier = pb.Carrier(stream_id="s1", next_sequence=9)
        log.append(pb.Record(summary=pb.SummaryRecord(carrier=carrier)))


def test_options_of_older_commands_are_understood() -> None:
    parser = argparse.ArgumentParser()
    sync_command.add_arguments(parser)
    line = (
        "--job_type eval --include-globs a,b --no-mark-synced --no-skip-synced "
        "--include-online --skip-online --replace-tags a=b,c=d --sync-all x"
    )

    chosen = parser.parse_args(line.split())
    options = sync_command._options(chosen)

    assert options.destination.job_type == "eval"
    assert options.destination.include_globs == ("a", "b")
    assert options.destination.new_tags == (("a", "b"), ("c", "d"))
    assert (options.marks, options.include_synced) == (False, True)
    assert not options.include_online
    with pytest.raises(SystemExit):
        parser.parse_args(["--replace-tags", "nonsense"])
