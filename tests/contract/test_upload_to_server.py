"""The uploader and our own server: what one sends, the other shows."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from wandb_core.clock import SystemClock
from wandb_core.server_client import ServerClient
from wandb_core.uploader import LogUploader, UploadEnd
from wandb_core.uploader.cursor import cursor_path
from wandb_proto.v1 import record_pb2 as pb

from tests.support.logged_runs import STARTED_AT, LoggedRun
from tests.support.manual_clock import RecordingNotifier
from tests.support.served import KEYS, Served, served
from tests.support.uploads import QUICK, log_path

RUN = """
query Run($name: String!) {
  project(name: "proj", entityName: "ada") {
    run(name: $name) {
      state config summaryMetrics historyLineCount logLineCount eventsLineCount
      history
      files { edges { node { name sizeBytes } } }
    }
  }
}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "data") as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LoggedRun]:
    telemetry = pb.TelemetryRecord(cli_version="1.0.0")
    log = LoggedRun(log_path(tmp_path), project="proj", telemetry=telemetry)
    yield log
    log.close()


async def upload(log: LoggedRun, server: Served, resume: str = "") -> UploadEnd:
    target = pb.UploadTarget(mode="online", base_url=server.url, resume=resume)
    return await LogUploader(
        log,
        target,
        lambda: KEYS["ada"],
        RecordingNotifier(),
        SystemClock(),
        random.Random(1),
        QUICK,
        lambda target, key: ServerClient(target.base_url, key),
    ).run()


async def shown(server: Served) -> Any:
    data = await server.graphql(RUN, {"name": "r1"})
    return data["project"]["run"]


def steps(run: Any) -> list[int]:
    return [json.loads(row)["_step"] for row in run["history"]]


async def test_finished_run_is_shown_whole(log: LoggedRun, server: Served) -> None:
    (log.path.parent / "files").mkdir()
    (log.path.parent / "files" / "a.txt").write_text("abc")
    log.file("a.txt")
    log.config(lr=0.5)
    log.rows(5)
    log.prints("hello\nworld")
    log.system_metrics(cpu=3)
    log.exit()

    assert (await upload(log, server)).uploaded

    run = await shown(server)
    assert run["state"] == "finished"
    assert steps(run) == [0, 1, 2, 3, 4]
    assert (run["logLineCount"], run["eventsLineCount"]) == (2, 1)
    assert json.loads(run["config"])["lr"] == {"value": 0.5}
    assert json.loads(run["summaryMetrics"])["loss"] == 4 / 7
    files = {edge["node"]["name"]: edge["node"] for edge in run["files"]["edges"]}
    assert files["a.txt"]["sizeBytes"] == 3
    assert {"config.yaml", "wandb-summary.json", "output.log"} <= set(files)


async def test_crashed_run_is_shown_as_crashed(log: LoggedRun, server: Served) -> None:
    log.rows(2)
    log.die()

    await upload(log, server)

    assert (await shown(server))["state"] == "crashed"


async def test_resumed_run_is_one_run(
    log: LoggedRun, server: Served, tmp_path: Path
) -> None:
    log.config(old=1)
    log.rows(3)
    log.exit()
    await upload(log, server)
    second = LoggedRun(
        log_path(tmp_path, folder="run-2"), project="proj", stream_id="2"
    )
    second.rows(2)
    second.exit()

    assert (await upload(second, server, resume="must")).uploaded

    run = await shown(server)
    assert steps(run) == [0, 1, 2, 3, 4]
    assert json.loads(run["config"])["old"] == {"value": 1}
    second.close()


async def test_samples_before_a_run_knew_that_it_goes_on_continue_its_time(
    log: LoggedRun, server: Served, tmp_path: Path
) -> None:
    """Core takes its first sample of the machine while `init` still asks the server."""
    log.rows(2)
    log.system_metrics(at=100, cpu=1)
    log.exit()
    await upload(log, server)
    place = log_path(tmp_path, folder="run-2")
    second = LoggedRun(place, project="proj", stream_id="2")
    second.system_metrics(at=0.5, cpu=2)
    informed = pb.RunRecord(run_id="r1", project="proj", runtime=100)
    informed.start_time.seconds = STARTED_AT
    second.append(pb.Record(run=informed))
    second.system_metrics(at=2, cpu=3)
    second.exit()

    assert (await upload(second, server, resume="must")).uploaded

    run = await server.archive.run("ada", "proj", "r1")
    assert run is not None
    events = [json.loads(line) for line in await server.archive.event_rows(run, 100)]
    assert [row["_runtime"] for row in events] == [100, 100.5, 102]
    second.close()


async def test_log_sent_again_without_its_cursor_adds_no_row(
    log: LoggedRun, server: Served
) -> None:
    log.rows(4)
    log.exit()
    await upload(log, server)
    cursor_path(log.path).unlink()

    assert (await upload(log, server)).uploaded

    assert steps(await shown(server)) == [0, 1, 2, 3]
