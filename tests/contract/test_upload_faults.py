"""What the uploader makes of servers that fail, and of runs that exist already."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from wandb_core.uploader.cursor import cursor_path
from wandb_proto.v1 import record_pb2 as pb

from tests.support.fake_server import API_KEY, LIVE_UPLOAD, FakeServer, Fault
from tests.support.logged_runs import LoggedRun, row_records
from tests.support.manual_clock import ManualClock, RecordingNotifier
from tests.support.uploads import QUICK, log_path, uploader
from tests.support.waiting import wait_until_async

TELEMETRY = pb.TelemetryRecord(cli_version="1.0.0")


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LoggedRun]:
    log = LoggedRun(log_path(tmp_path), telemetry=TELEMETRY)
    yield log
    log.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=502, body="<html>"),
        Fault(status=503, headers={"Retry-After": "0"}),
        Fault(status=429, headers={"Retry-After": "0.01"}),
        Fault(status=408),
        Fault.garbage(),
        Fault.connection_reset(),
        Fault.connection_reset(after=True),
    ],
    ids=str,
)
async def test_passing_trouble_loses_and_repeats_nothing(
    log: LoggedRun, server: FakeServer, fault: Fault
) -> None:
    log.rows(5)
    log.exit()
    server.fail("*", fault, times=7)

    end = await uploader(log, server).run()

    run = server.run("r1")
    assert end.uploaded
    assert server.failure_count == 7
    assert [row["_step"] for row in run.history] == [0, 1, 2, 3, 4]
    assert run.conflicts == []


@pytest.mark.parametrize(
    "kind", ["file_stream", "UpsertBucket", "CreateRunFiles", "put"]
)
async def test_trouble_in_any_kind_of_request_is_outlived(
    log: LoggedRun, server: FakeServer, kind: str
) -> None:
    log.rows(3)
    log.exit()
    server.fail(kind, Fault.connection_reset(after=True), times=3)

    end = await uploader(log, server).run()

    assert end.uploaded
    assert end.missing_files == ()
    assert len(server.run("r1").history) == 3


async def test_slow_server_is_waited_for_and_asked_again(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(2)
    log.exit()
    server.fail("file_stream", Fault.slow(0.5))
    settings = replace(QUICK, request_timeout_s=0.2)

    end = await uploader(log, server, settings=settings).run()

    assert end.uploaded
    assert len(server.run("r1").history) == 2
    assert server.run("r1").conflicts == []


async def test_server_that_is_down_costs_no_memory_and_is_told_once(
    log: LoggedRun, server: FakeServer
) -> None:
    await server.down()
    log.rows(2)
    notifier = RecordingNotifier()
    clock = ManualClock()
    upload = uploader(log, server, notifier, clock=clock)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        await wait_until_async(lambda: len(clock.slept) > 200)
        assert upload.status.problem
        assert upload.status.bytes_left == log.committed_end()
        log.rows(3)
        log.exit()
        await server.up()
        assert (await task).uploaded

    assert len(server.run("r1").history) == 5
    assert upload.status.problem == ""
    assert len(notifier.about("Network problem")) == 1
    assert len(notifier.about("answers again")) == 1
    assert str(log.path) in notifier.about("Network problem")[0]


async def test_short_trouble_is_none_of_the_users_business(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    log.exit()
    server.fail("file_stream", Fault(status=500))
    notifier = RecordingNotifier()

    await uploader(log, server, notifier).run()

    assert notifier.told == []


async def test_server_decides_how_long_to_wait(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    log.exit()
    server.fail("file_stream", Fault(status=429, headers={"Retry-After": "7.5"}))
    server.fail("file_stream", Fault(status=429, headers={"Retry-After": "9000"}))
    clock = ManualClock()
    settings = replace(QUICK, retry_delay_s_max=60.0)

    await uploader(log, server, clock=clock, settings=settings).run()

    assert clock.slept == [7.5, 60.0]


@pytest.mark.parametrize(
    ("kind", "fault", "error_kind", "words"),
    [
        ("*", Fault(status=401), "authentication", "wandb login"),
        ("UpsertBucket", Fault(status=403), "communication", "403"),
        ("UpsertBucket", Fault(status=404), "communication", "404"),
        (
            "UpsertBucket",
            Fault(status=200, body='{"errors":[{"message":"no such team"}]}'),
            "communication",
            "no such team",
        ),
        ("file_stream", Fault(status=404, body="gone"), "communication", "gone"),
        ("file_stream", Fault(status=413), "communication", "413"),
    ],
)
async def test_refusal_ends_the_upload_and_says_what_to_do(
    log: LoggedRun,
    server: FakeServer,
    kind: str,
    fault: Fault,
    error_kind: str,
    words: str,
) -> None:
    log.rows(3)
    log.exit()
    server.fail(kind, fault, times=None)
    notifier = RecordingNotifier()
    upload = uploader(log, server, notifier)

    end = await upload.run()

    assert not end.uploaded
    assert end.error_kind == error_kind
    assert upload.status.failed
    assert words in upload.status.problem
    (text,) = [text for level, text in notifier.told if level == "fatal"]
    assert words in text
    assert str(log.path) in text
    assert API_KEY not in text

    server.heal()
    assert (await uploader(log, server).run()).uploaded
    assert len(server.run("r1").history) == 3


async def test_refused_configuration_does_not_stop_the_rows(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    notifier = RecordingNotifier()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(uploader(log, server, notifier).run())
        await wait_until_async(lambda: "r1" in server.runs)
        server.fail("UpsertBucket", Fault(status=413), times=None)
        log.config(big=1)
        log.rows(2)
        log.exit()
        await log.announce()
        assert (await task).uploaded

    assert len(server.run("r1").history) == 3
    assert notifier.about("does not take the run's configuration")


async def test_upload_waits_for_a_key_and_says_so_once(
    log: LoggedRun, server: FakeServer
) -> None:
    keys: list[str] = []
    log.rows(1)
    log.exit()
    notifier = RecordingNotifier()
    clock = ManualClock()
    upload = uploader(
        log, server, notifier, clock=clock, key=lambda: keys[0] if keys else None
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        await wait_until_async(lambda: len(clock.slept) > 10)
        assert upload.status.waiting_for_key
        assert "wandb login" in upload.status.problem
        keys.append(API_KEY)
        assert (await task).uploaded

    assert not upload.status.waiting_for_key
    assert len(notifier.about("No API key")) == 1


async def test_start_outcome_is_not_waited_for_longer_than_asked(
    log: LoggedRun, server: FakeServer
) -> None:
    await server.down()
    upload = uploader(log, server)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        assert await upload.start_outcome(0.05) is None
        await server.up()
        outcome = await upload.start_outcome(10)
        task.cancel()

    assert outcome is not None
    assert outcome.run_url == f"{server.base_url}/tester/p/runs/r1"
    assert outcome.project_url == f"{server.base_url}/tester/p"
    assert outcome.server_run is not None
    assert outcome.server_run.display_name == "pretty-r1"


async def first_life(root: Path, server: FakeServer, rows: int = 3) -> None:
    log = LoggedRun(log_path(root, folder="run-0"), stream_id="s0", telemetry=TELEMETRY)
    log.config(lr=1, old=2)
    log.rows(rows, early=1)
    log.prints("from before\n")
    log.exit()
    log.close()
    assert (await uploader(log, server).run()).uploaded


@pytest.mark.parametrize("features", [(), (LIVE_UPLOAD,)])
async def test_resumed_run_goes_on_behind_what_the_server_has(
    log: LoggedRun, tmp_path: Path, features: tuple[str, ...]
) -> None:
    async with FakeServer(features=features) as server:
        await first_life(tmp_path, server)
        log.config(lr=5)
        log.prints("and after\n")
        log.rows(2)
        log.exit()
        upload = uploader(log, server, resume="allow")

        assert (await upload.run()).uploaded

        run = server.run("r1")
        outcome = await upload.start_outcome(0)
    assert outcome is not None
    assert (outcome.resumed, outcome.starting_step) == (True, 3)
    assert outcome.config_json == '{"lr":1,"old":2}'
    assert '"early":1' in outcome.summary_json
    assert [row["_step"] for row in run.history] == [0, 1, 2, 3, 4]
    assert [line[-5:] for line in run.console] == ["efore", "after"]
    assert {key: run.config[key] for key in ("lr", "old")} == {"lr": 5, "old": 2}
    assert run.summary["early"] == 1
    assert run.summary["_step"] == 4
    assert run.conflicts == []


async def test_reused_id_without_resume_appends_and_overwrites_nothing(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    await first_life(tmp_path, server)
    log.prints("again\n")
    log.rows(2)
    log.exit()

    await uploader(log, server).run()

    run = server.run("r1")
    assert [row["_step"] for row in run.history] == [0, 1, 2, 0, 1]
    assert len(run.console) == 2
    assert run.conflicts == []


async def test_must_resume_needs_a_run(log: LoggedRun, server: FakeServer) -> None:
    log.rows(1)
    upload = uploader(log, server, resume="must")

    end = await upload.run()

    outcome = await upload.start_outcome(0)
    assert outcome is not None
    assert (end.uploaded, end.error_kind) == (False, "usage")
    assert outcome.error_kind == "usage"
    assert 'resume="allow"' in outcome.error
    assert server.runs == {}


async def test_never_resume_refuses_a_run_that_exists(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    await first_life(tmp_path, server)
    log.rows(1)

    end = await uploader(log, server, resume="never").run()

    assert end.error_kind == "usage"
    assert len(server.run("r1").history) == 3


async def test_never_resume_is_not_fooled_by_a_run_of_its_own_making(
    log: LoggedRun, server: FakeServer
) -> None:
    """Core died right after the run was created."""
    log.rows(2)
    server.fail("file_stream", Fault(status=400))
    assert not (await uploader(log, server, resume="never").run()).uploaded

    log.exit()
    assert (await uploader(log, server, resume="never").run()).uploaded
    assert len(server.run("r1").history) == 2


async def test_earlier_log_of_the_run_goes_first(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    """The start is answered at once, from the server and the log on this disk."""
    earlier = LoggedRun(log_path(tmp_path, folder="run-0"), telemetry=TELEMETRY)
    earlier.rows(7)
    earlier.exit()
    waiting = [earlier.path]
    log.rows(2)
    log.exit()
    upload = uploader(log, server, resume="must", earlier_logs=lambda: waiting)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        outcome = await upload.start_outcome(10)
        assert outcome is not None
        assert (outcome.resumed, outcome.starting_step) == (True, 7)
        assert server.of_kind("file_stream") == []

        assert (await uploader(earlier, server).run()).uploaded
        waiting.clear()
        assert (await task).uploaded

    run = server.run("r1")
    assert [row["_step"] for row in run.history] == list(range(9))
    assert run.conflicts == []
    earlier.close()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version":99}', b'{"version":1,"base":{"x":-1}}']
)
async def test_damaged_cursor_is_told_and_nothing_is_lost(
    log: LoggedRun, server: FakeServer, content: bytes
) -> None:
    log.rows(3)
    log.exit()
    await uploader(log, server).run()
    cursor_path(log.path).write_bytes(content)
    notifier = RecordingNotifier()

    end = await uploader(log, server, notifier).run()

    assert end.uploaded
    assert notifier.about(".cursor")
    steps = [row["_step"] for row in server.run("r1").history]
    assert set(steps) == {0, 1, 2}
    assert server.run("r1").conflicts == []


async def test_unwritable_directory_does_not_stop_the_upload(
    log: LoggedRun, server: FakeServer
) -> None:
    cursor_path(log.path).mkdir()
    log.rows(3)
    log.exit()
    notifier = RecordingNotifier()

    end = await uploader(log, server, notifier).run()

    assert end.uploaded
    assert len(server.run("r1").history) == 3
    assert notifier.about("cannot write beside")


async def test_deleted_log_ends_the_upload_with_a_message(
    log: LoggedRun, server: FakeServer
) -> None:
    log.rows(1)
    log.exit()

    class Unreadable(LoggedRun):
        def __init__(self) -> None:
            self.path = log.path.parent

        def committed_end(self) -> int:
            return 100

        def ended(self) -> bool:
            return True

    end = await uploader(Unreadable(), server).run()

    assert not end.uploaded
    assert "cannot be uploaded" in end.problem


async def test_backlog_of_a_failing_server_stays_on_disk(
    log: LoggedRun, server: FakeServer
) -> None:
    """However much is in the log, one piece of it is read and held."""
    for first in range(0, 20_000, 1000):
        records = [
            row_records(step, {"x": step})[1] for step in range(first, first + 1000)
        ]
        log.append(*records)
    server.fail("file_stream", Fault(status=500), times=None)
    settings = replace(QUICK, log_read_bytes_max=65536)
    upload = uploader(log, server, settings=settings)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        await wait_until_async(lambda: server.failure_count > 5)
        assert 0 < upload.status.rows_total < 2000
        assert upload.status.rows_uploaded == 0
        server.heal()
        log.exit()
        assert (await task).uploaded

    assert len(server.run("r1").history) == 20_000
