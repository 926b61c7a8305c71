"""The index of logs that still have to go somewhere."""

import logging
from pathlib import Path

import pytest
from wandb_core.backlog import Backlog
from wandb_proto.v1.record_pb2 import UploadTarget

TARGET = UploadTarget(mode="online", base_url="http://h", local_server=True)


@pytest.fixture
def backlog(tmp_path: Path) -> Backlog:
    return Backlog(tmp_path / "state" / "backlog")


def make_log(root: Path, name: str) -> Path:
    path = root / name / "run.wandb"
    path.parent.mkdir()
    path.touch()
    return path


def test_added_logs_are_found_by_the_next_core(tmp_path: Path) -> None:
    paths = [make_log(tmp_path, name) for name in "ab"]
    for path in paths:
        Backlog(tmp_path / "backlog").add(path, path.parent.name, TARGET)

    entries = Backlog(tmp_path / "backlog").entries()

    assert [(entry.log_path, entry.run_id) for entry in entries] == [
        (paths[0], "a"),
        (paths[1], "b"),
    ]
    assert entries[0].target == TARGET


def test_adding_and_removing_twice_is_once(tmp_path: Path, backlog: Backlog) -> None:
    path = make_log(tmp_path, "a")
    for _ in range(2):
        backlog.add(path, "a", TARGET)
    assert len(backlog.entries()) == 1

    for _ in range(2):
        backlog.remove(path)
    assert backlog.entries() == []


def test_no_backlog_at_all_is_an_empty_one(backlog: Backlog) -> None:
    assert backlog.entries() == []
    assert backlog.damaged() == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version":9}', '{"version":1,"target":{"mode":1}}']
)
def test_damaged_entry_is_told_once_and_costs_no_other(
    tmp_path: Path, backlog: Backlog, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_log(tmp_path, "a")
    backlog.add(path, "a", TARGET)
    damaged = tmp_path / "state" / "backlog" / "0.json"
    damaged.write_text(content)

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [entry.log_path for entry in backlog.entries()] == [path]

    assert len(caplog.records) == 1
    assert [damage.path for damage in backlog.damaged()] == [damaged]
    assert damaged.exists()


def test_entry_of_a_deleted_log_goes(tmp_path: Path, backlog: Backlog) -> None:
    path = make_log(tmp_path, "a")
    backlog.add(path, "a", TARGET)
    path.unlink()

    assert backlog.entries() == []
    assert list((tmp_path / "state" / "backlog").glob("*.json")) == []


def test_entry_of_a_disk_that_is_not_mounted_stays(
    tmp_path: Path, backlog: Backlog
) -> None:
    backlog.add(tmp_path / "disk" / "wandb" / "run" / "r.wandb", "a", TARGET)

    assert backlog.entries() == []
    assert len(list((tmp_path / "state" / "backlog").glob("*.json"))) == 1


def test_nothing_secret_is_written(tmp_path: Path, backlog: Backlog) -> None:
    backlog.add(make_log(tmp_path, "a"), "a", TARGET)

    (file,) = (tmp_path / "state" / "backlog").iterdir()
    assert "key" not in file.read_text().replace("key_from_environment", "").lower()
    assert file.parent.stat().st_mode & 0o077 == 0
