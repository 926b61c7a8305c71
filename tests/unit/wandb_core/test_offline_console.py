"""`output.log` of runs that are not uploaded."""

from pathlib import Path

import pytest
from wandb_core.console import ConsoleLine, ConsoleLines
from wandb_core.model import IncomingBatch
from wandb_core.offline_console import OfflineConsole
from wandb_core.owner_mark import Machine
from wandb_core.run_log import RunLog
from wandb_core.settings import CoreSettings
from wandb_proto.v1.record_pb2 import Record, UploadTarget

from tests.support.core_process import open_run

OFFLINE = UploadTarget(mode="offline")


def printed(*texts: str) -> list[ConsoleLine]:
    lines = ConsoleLines()
    for text in texts:
        lines.write(False, text, 1.0)
    return lines.take_lines()


def output(text: str) -> bytes:
    record = Record()
    record.output_raw.line = text
    return record.SerializeToString()


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "run-r.wandb"


def text_of(log_path: Path) -> str | None:
    path = log_path.parent / "files" / "output.log"
    return path.read_text() if path.exists() else None


def test_lines_of_an_offline_run_become_a_file(log_path: Path) -> None:
    console = OfflineConsole(log_path)

    console.take(printed("one\ntwo\r2\n"), OFFLINE)
    console.publish()
    console.publish()

    assert text_of(log_path) == "one\n2wo\n"


@pytest.mark.parametrize("target", [UploadTarget(mode="online"), None])
def test_uploaded_runs_get_theirs_from_the_uploader(
    log_path: Path, target: UploadTarget | None
) -> None:
    console = OfflineConsole(log_path)

    console.take(printed("one\n"), target)
    console.publish()

    assert list(log_path.parent.iterdir()) == []


def test_without_its_beginning_no_file_is_made(log_path: Path) -> None:
    """A core that was restarted knows the lines behind a checkpoint only."""
    lines = printed("one\ntwo\nthree\n")
    console = OfflineConsole(log_path)

    console.take(lines[1:], OFFLINE)
    console.take(lines, OFFLINE)
    console.publish()

    assert text_of(log_path) is None


def test_core_keeps_no_lines_that_are_in_the_log(log_path: Path) -> None:
    """A progress bar of a week must not fill core's memory."""
    run_log = RunLog.open(
        log_path, "r", Machine("h", "b"), CoreSettings(), will_be_resent=False
    )
    told: list[ConsoleLine] = []
    run_log.on_console = told.extend

    run_log.stage([IncomingBatch("s1", 1, (open_run("r"), output("a\nb\n")))])
    run_log.write_staged()
    run_log.stage([IncomingBatch("s1", 3, (output("c\n"),))])
    run_log.write_staged()
    run_log.close()

    assert [line.text for line in told] == ["a", "b", "c"]
    assert run_log.processor.take_console() == []
