"""Where processes meet: private, short enough, side by side."""

import os
from pathlib import Path

import pytest
from wandb_proto.places import (
    SOCKET_PATH_BYTES_MAX,
    PlaceNotPrivate,
    Places,
    make_private,
)


def test_two_installations_do_not_share_rings(tmp_path: Path) -> None:
    first = Places.from_environment({"WANDB_RUNTIME_DIR": str(tmp_path / "a")})
    second = Places.from_environment({"WANDB_RUNTIME_DIR": str(tmp_path / "b")})

    assert not set(first.spool_dirs) & set(second.spool_dirs)


def test_a_long_runtime_dir_gets_a_short_socket_path(tmp_path: Path) -> None:
    places = Places.from_environment({"WANDB_RUNTIME_DIR": str(tmp_path / ("x" * 120))})

    assert len(os.fsencode(places.core_socket)) <= SOCKET_PATH_BYTES_MAX
    assert places.core_socket != places.server_socket
    assert places.core_lock.parent == tmp_path / ("x" * 120)


def test_private_means_0700_and_ours(tmp_path: Path) -> None:
    made = make_private(tmp_path / "deep" / "run")

    assert made.stat().st_mode & 0o777 == 0o700
    assert make_private(made) == made


def test_a_directory_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)

    with pytest.raises(PlaceNotPrivate, match="chmod 700"):
        make_private(tmp_path / "open")


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(PlaceNotPrivate, match="not a directory"):
        make_private(tmp_path / "link")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 65534, 65534)

    with pytest.raises(PlaceNotPrivate, match="belongs to user 65534"):
        make_private(tmp_path / "theirs")
