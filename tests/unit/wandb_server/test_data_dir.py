"""The data directory is ours alone, local, and held once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from wandb_server.data_dir import FileLock, Machine, file_system_of, hold_data_dir
from wandb_server.errors import AlreadyRunning, DataDirUnusable

HERE = Machine("here", "boot-1")
HOLD = """
import sys
from pathlib import Path
from wandb_server.data_dir import Machine, hold_data_dir
held = hold_data_dir(Path(sys.argv[1]), Machine("here", "boot-1"))
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_new_directory_is_made_private(tmp_path: Path) -> None:
    held = hold_data_dir(tmp_path / "a" / "b", HERE)

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    held.release()


def test_another_process_of_this_machine_is_refused(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(AlreadyRunning, match="Another server holds"):
            hold_data_dir(tmp_path, HERE)

        holder.kill()
    hold_data_dir(tmp_path, HERE).release()  # its mark, left behind, is our own


def test_the_mark_of_another_host_is_refused_and_told(tmp_path: Path) -> None:
    (tmp_path / "server.lock").write_text(
        '{"host": "there", "boot_id": "boot-9", "pid": 7}'
    )

    with pytest.raises(DataDirUnusable, match="held by a server on host 'there'"):
        hold_data_dir(tmp_path, HERE)


@pytest.mark.parametrize(
    "mark",
    [
        '{"host": "here", "boot_id": "boot-0", "pid": 7}',  # we rebooted
        '{"host": "renamed", "boot_id": "boot-1", "pid": 7}',  # a container
        "",  # ended cleanly
        "rubbish",
    ],
)
def test_our_own_old_mark_is_taken_over(tmp_path: Path, mark: str) -> None:
    (tmp_path / "server.lock").write_text(mark)

    hold_data_dir(tmp_path, HERE).release()

    assert (tmp_path / "server.lock").read_text() == ""


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n"

    with pytest.raises(DataDirUnusable, match=r"network file system \(nfs4\)"):
        hold_data_dir(tmp_path / "data", HERE, mounts=lambda: mounts)


def test_the_longest_mount_point_counts() -> None:
    mounts = (
        "/dev/sda / ext4 rw 0 0\n"
        "nas:/h /home nfs rw 0 0\n"
        "/dev/sdb /home/me/my\\040disk xfs rw 0 0\n"
    )

    assert file_system_of(Path("/homes"), mounts) == "ext4"
    assert file_system_of(Path("/home/me/x"), mounts) == "nfs"
    assert file_system_of(Path("/home/me/my disk/x"), mounts) == "xfs"


def test_an_unwritable_place_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DataDirUnusable, match="choose another one with --data-dir"):
        hold_data_dir(tmp_path / "file" / "data", HERE)


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic"):
        FileLock.take(tmp_path / "lock")

    assert not os.path.exists(tmp_path / "elsewhere")
