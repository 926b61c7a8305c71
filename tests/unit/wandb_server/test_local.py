"""What the commands of the local server are made of."""

from pathlib import Path

import pytest
from wandb_proto.places import Places, make_private
from wandb_server import local
from wandb_server.data_dir import FileLock
from wandb_server.errors import ServerExtraMissing
from wandb_server.local import StartReport


def test_missing_packages_are_named_with_the_way_to_install_them() -> None:
    with pytest.raises(ServerExtraMissing, match=r"\(no_such_module\).*pip install"):
        local.check_extra(("json", "no_such_module"))


def test_a_report_survives_the_pipe() -> None:
    report = StartReport("http://localhost:1", "token", ("a", "b\nc"), "", True)

    assert StartReport.from_json(report.to_json()) == report
    assert report.to_json().count("\n") == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": 1}'])
def test_a_damaged_address_file_counts_as_no_server(places: Places, text: str) -> None:
    make_private(places.runtime_dir)
    places.server_address.write_text(text)

    assert local.find_running(places) is None


def test_an_address_file_left_by_a_killed_server_is_not_believed(
    places: Places,
) -> None:
    """Goal: only the lock counts as life. Method: a whole file, nobody's lock."""
    make_private(places.runtime_dir)
    names = ("url", "data_dir", "version", "socket", "entity", "token")
    fields = ", ".join(f'"{name}": "x"' for name in names)
    places.server_address.write_text(f'{{"pid": 1, {fields}}}')
    lock = FileLock.take(local.server_lock(places))
    assert lock is not None
    lock.release()

    assert not local.lives(places)
    assert local.find_running(places) is None


def test_nothing_is_made_by_only_looking(places: Places, tmp_path: Path) -> None:
    assert local.find_running(places) is None
    assert not places.runtime_dir.exists()
