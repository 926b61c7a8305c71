"""Which runs `wandb clean` deletes."""

import io
from pathlib import Path

import pytest
from wandb_core.clean_command import clean_runs
from wandb_core.transaction_log import LogWriter
from wandb_core.uploader.cursor import Cursor, save_cursor
from wandb_proto.places import Places
from wandb_proto.v1.record_pb2 import UploadTarget

from tests.support.logged_runs import LoggedRun

OURS = UploadTarget(mode="online", base_url="http://s")


def logged(root: Path, name: str, *, ours: bool = True) -> Path:
    run = LoggedRun(
        root / name / "run-r1.wandb", ours=ours, target=OURS if ours else None
    )
    run.rows(2)
    run.exit()
    run._writer.close()
    return run.path


def test_only_what_the_server_has_is_deleted(tmp_path: Path, places: Places) -> None:
    waiting = logged(tmp_path, "run-20200101_000000-waiting")
    partly = logged(tmp_path, "run-20200101_000000-partly")
    save_cursor(partly, Cursor("d", "l", offset=20), durable=False)
    done = logged(tmp_path, "run-20200101_000000-done")
    end = done.stat().st_size
    save_cursor(done, Cursor("d", "l", offset=end, done=True), durable=False)
    marked = logged(tmp_path, "offline-run-20200101_000000-marked")
    marked.with_name(marked.name + ".synced").touch()
    offline = logged(tmp_path, "offline-run-20200101_000000-offline", ours=False)
    online = logged(tmp_path, "run-20200101_000000-official", ours=False)
    said: list[str] = []

    code = clean_runs(
        tmp_path, places, said.append, min_hours=24, include_unsynced=False, force=True
    )

    assert code == 0
    assert not any(log.exists() for log in (done, marked, online))
    assert all(log.exists() for log in (waiting, partly, offline))
    assert "Deleted 3 runs" in said[-1]


def test_young_runs_and_open_logs_stay(tmp_path: Path, places: Places) -> None:
    young = logged(tmp_path, "run-20990101_000000-young")
    path = tmp_path / "run-20200101_000000-open" / "run-r1.wandb"
    path.parent.mkdir()
    with_writer = LogWriter.create(path)
    said: list[str] = []

    clean_runs(
        tmp_path, places, said.append, min_hours=24, include_unsynced=True, force=True
    )

    assert young.exists()
    assert path.exists()
    with_writer.close()


def test_nothing_is_deleted_where_nobody_can_be_asked(
    tmp_path: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logged(tmp_path, "run-20200101_000000-r1")
    said: list[str] = []
    monkeypatch.setattr("sys.stdin", io.StringIO())

    code = clean_runs(
        tmp_path, places, said.append, min_hours=0, include_unsynced=True, force=False
    )

    assert code == 1
    assert log.exists()
    assert any("NOT SYNCED" in line for line in said)
