"""The uploader and a server over real HTTP: what arrives, live and at the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml
from wandb_core.settings import CoreSettings
from wandb_core.uploader import load_cursor
from wandb_proto.v1 import record_pb2 as pb

from tests.support.fake_server import FakeServer, Fault
from tests.support.logged_runs import LoggedRun, row_records
from tests.support.manual_clock import RecordingNotifier
from tests.support.uploads import QUICK, log_path, uploader
from tests.support.waiting import wait_until_async


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LoggedRun]:
    log = LoggedRun(log_path(tmp_path))
    yield log
    log.close()


async def test_finished_log_arrives_whole(log: LoggedRun, server: FakeServer) -> None:
    log.config(lr=0.5, layers=[1, 2])
    log.rows(5)
    log.prints("hello\nworld\n", at=2)
    log.prints("oops\n", is_stderr=True, at=3)
    log.system_metrics(cpu=12.5)
    log.exit(3)

    end = await uploader(log, server).run()

    run = server.run("r1")
    assert end.uploaded
    assert end.rows_uploaded == 5
    assert end.run_url == f"{server.base_url}/tester/p/runs/r1"
    assert [row["_step"] for row in run.history] == [0, 1, 2, 3, 4]
    assert run.history[3]["loss"] == 3 / 7
    assert run.summary["loss"] == 4 / 7
    assert run.config["lr"] == 0.5
    assert run.console == [
        "2025-10-09T08:53:22.000000 hello",
        "2025-10-09T08:53:22.000000 world",
        "ERROR 2025-10-09T08:53:23.000000 oops",
    ]
    assert run.events[0]["system.cpu"] == 12.5
    assert (run.complete, run.exit_code) == (True, 3)
    assert run.final_body is not None
    assert "state" not in run.final_body


async def test_rows_arrive_while_the_run_goes_on(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    upload = uploader(log, server)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        await wait_until_async(lambda: "r1" in server.runs and server.run("r1").history)
        assert not server.run("r1").complete

        log.rows(3)
        await log.announce()
        await wait_until_async(lambda: len(server.run("r1").history) == 4)
        assert upload.status.rows_uploaded == 4
        assert upload.status.bytes_left == 0

        log.exit()
        await log.announce()
        assert (await task).uploaded

    assert upload.status.done


async def test_server_without_live_feature_gets_no_log_id(
    log: LoggedRun, tmp_path: Path
) -> None:
    log.rows(2)
    log.die()
    async with FakeServer(features=()) as plain:
        await uploader(log, plain).run()

    assert all("log_id" not in post.body for post in plain.of_kind("file_stream"))
    final = plain.run("r1").final_body
    assert final is not None
    assert (final["complete"], final["exitcode"]) == (True, 1)
    assert "state" not in final


async def test_crashed_run_is_told_as_crashed_to_our_server(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(2)
    log.die()

    await uploader(log, server).run()

    final = server.run("r1").final_body
    assert final is not None
    assert (final["exitcode"], final["state"]) == (1, "crashed")
    log_ids = {post.body["log_id"] for post in server.of_kind("file_stream")}
    assert len(log_ids) == 1


async def test_silent_run_gives_signs_of_life(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    settings = CoreSettings(live_interval_s=0.05, heartbeat_s=0.05)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(uploader(log, server, settings=settings).run())
        await wait_until_async(
            lambda: (
                [set(p.body) for p in server.of_kind("file_stream")].count({"log_id"})
                >= 3
            )
        )
        task.cancel()

    assert len(server.run("r1").history) == 1


async def test_server_may_ask_the_run_to_stop(
    log: LoggedRun, server: FakeServer
) -> None:
    asked: list[bool] = []
    server.stop_requested = True
    log.rows(1)
    log.exit()
    upload = uploader(log, server, on_stop=lambda: asked.append(True))

    await upload.run()

    assert asked == [True]
    assert upload.status.stop_requested


async def test_config_change_reaches_the_server_during_the_run(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(uploader(log, server).run())
        await wait_until_async(lambda: "r1" in server.runs)
        log.config(late=1)
        await log.announce()
        await wait_until_async(lambda: server.run("r1").config.get("late") == 1)
        task.cancel()


async def test_files_of_the_run_are_uploaded(
    log: LoggedRun, server: FakeServer
) -> None:
    files = log.path.parent / "files"
    (files / "media").mkdir(parents=True)
    (files / "media" / "now.txt").write_text("now")
    (files / "later.txt").write_text("later")
    (files / "requirements.txt").write_text("a==1\n")
    (files / "mine.txt").write_text("found in the directory")
    log.config(lr=0.5)
    environment = pb.EnvironmentRecord(os="Linux", program="train.py", writer_id="w")
    log.append(pb.Record(environment=environment))
    log.file("media/now.txt")
    log.file("later.txt", pb.FilesItem.END)
    log.file("requirements.txt")
    log.rows(2)
    log.prints("\x1b[31mred\x1b[0m\n")
    log.exit()

    end = await uploader(log, server).run()

    run = server.run("r1")
    assert set(run.files) == {
        *("media/now.txt", "later.txt", "requirements.txt", "mine.txt"),
        *("config.yaml", "wandb-summary.json", "wandb-metadata.json", "output.log"),
    }
    assert sorted(run.uploaded) == sorted(run.files)
    assert yaml.safe_load(run.files["config.yaml"])["lr"] == {"value": 0.5}
    assert json.loads(run.files["wandb-summary.json"])["loss"] == 1 / 7
    assert json.loads(run.files["wandb-metadata.json"])["program"] == "train.py"
    assert run.files["output.log"] == b"\x1b[31mred\x1b[0m\n"
    assert run.fields["program"] == "train.py"
    assert end.missing_files == ()


async def test_file_that_is_gone_or_outside_is_told_and_the_rest_arrives(
    log: LoggedRun, server: FakeServer
) -> None:
    secret = log.path.parent / "secret"
    secret.write_text("s")
    for name in ("gone.txt", "../secret", str(secret)):
        log.file(name)
    log.rows(1)
    log.exit()
    notifier = RecordingNotifier()

    end = await uploader(log, server, notifier).run()

    assert end.uploaded
    assert set(end.missing_files) == {"gone.txt", "../secret", str(secret)}
    assert len(notifier.about("was not uploaded")) == 3
    assert set(server.run("r1").files) == {"config.yaml", "wandb-summary.json"}


async def test_refused_upload_address_is_asked_for_again(
    log: LoggedRun, server: FakeServer
) -> None:
    (log.path.parent / "files").mkdir()
    (log.path.parent / "files" / "a.txt").write_text("a")
    log.file("a.txt")
    log.exit()
    server.fail("put", Fault(status=403))

    end = await uploader(log, server).run()

    assert end.missing_files == ()
    assert server.run("r1").files["a.txt"] == b"a"


async def test_row_beyond_the_limit_goes_up_as_a_file(
    log: LoggedRun, server: FakeServer
) -> None:
    settings = CoreSettings(live_interval_s=0.05, row_bytes_max=2000)
    log.rows(1)
    log.append(*row_records(1, {"loss": 0.25, "big": "x" * 5000, "small": "y" * 100}))
    log.exit()
    notifier = RecordingNotifier()

    end = await uploader(log, server, notifier, settings=settings).run()

    run = server.run("r1")
    assert end.uploaded
    row = run.history[1]
    assert row["loss"] == 0.25
    assert row["small"] == "y" * 100
    assert row["big"] == {"_type": "oversize", "size": 5002, "path": "oversize/1.json"}
    assert json.loads(run.files["oversize/1.json"])["big"] == "x" * 5000
    assert run.summary["big"] == {"_type": "oversize", "size": 5002}
    assert notifier.about("oversize/1.json")


async def test_large_backlog_goes_in_bounded_requests(
    log: LoggedRun, server: FakeServer
) -> None:
    settings = CoreSettings(
        live_interval_s=5, chunk_bytes_max=65536, log_read_bytes_max=65536
    )
    log.append(*[r for step in range(3000) for r in row_records(step, {"x": "z" * 90})])
    log.exit()

    await uploader(log, server, settings=settings).run()

    run = server.run("r1")
    assert [row["_step"] for row in run.history] == list(range(3000))
    assert run.conflicts == []
    sizes = [len(json.dumps(post.body)) for post in server.of_kind("file_stream")]
    assert len(sizes) > 5
    assert max(sizes) < 3 * 65536


async def test_alert_is_passed_on(log: LoggedRun, server: FakeServer) -> None:
    alert = pb.AlertRecord(title="t", text="x", level="WARN", wait_duration=300_000)
    log.append(pb.Record(alert=alert))
    log.exit()

    await uploader(log, server).run()

    assert server.alerts[0]["title"] == "t"
    assert server.alerts[0]["waitDuration"] == 300_000


async def test_uploading_twice_changes_nothing(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(3)
    log.exit()
    await uploader(log, server).run()
    count = len(server.requests)

    end = await uploader(log, server).run()

    assert end.uploaded
    assert len(server.requests) == count


async def test_records_after_the_end_are_uploaded_by_the_next_upload(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(2)
    log.exit()
    await uploader(log, server).run()
    log.rows(2)

    await uploader(log, server).run()

    run = server.run("r1")
    assert len(run.history) == 4
    assert run.conflicts == []
    assert run.complete


async def test_other_destination_has_a_cursor_of_its_own(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(2)
    log.exit()
    await uploader(log, server).run()

    async with FakeServer() as other:
        await uploader(log, other).run()

    assert len(other.run("r1").history) == 2


async def test_cursor_is_on_disk_before_the_first_line_leaves(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    server.fail("file_stream", Fault(status=400))
    log.exit()

    end = await uploader(log, server).run()

    cursor = load_cursor(log.path)
    assert not end.uploaded
    assert cursor is not None
    assert (cursor.offset, cursor.pending_end) == (0, log.committed_end())


async def test_log_without_a_run_has_nothing_to_upload(
    tmp_path: Path, server: FakeServer
) -> None:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b":W&B\xe1\xbe\x00")

    class Empty(LoggedRun):
        def __init__(self) -> None:
            self.path = path

        def committed_end(self) -> int:
            return 7

        def ended(self) -> bool:
            return True

    end = await uploader(Empty(), server).run()

    assert end.uploaded
    assert "no run" in end.problem
    assert server.requests == []


def test_quick_settings_are_allowed() -> None:
    assert QUICK.live_interval_s == 0.05
