"""Where a ring may live."""

from pathlib import Path

import pytest
from wandb_proto.spool_place import choose_spool_dir, is_network_mount

MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local xfs rw 0 0
sshfs /mnt/my\\040disk fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("directory", "is_network"),
    [
        ("/tmp/x", False),
        ("/dev/shm/x", False),
        ("/home/me", True),
        ("/homework", False),
        ("/home/local/me", False),
        ("/mnt/my disk/spool", True),
    ],
)
def test_the_innermost_mount_decides(directory: str, is_network: bool) -> None:
    assert is_network_mount(Path(directory), MOUNTS) is is_network


def test_the_first_directory_with_room_is_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"

    assert choose_spool_dir((first, second), 1 << 16) == first
    assert choose_spool_dir((first, second), 1 << 50) is None


def test_a_directory_open_to_others_is_passed_over(tmp_path: Path) -> None:
    shared, own = tmp_path / "a", tmp_path / "b"
    shared.mkdir()
    shared.chmod(0o777)

    assert choose_spool_dir((shared, own), 1 << 16) == own


def test_a_network_file_system_is_passed_over(tmp_path: Path) -> None:
    mounts = f"/dev/vda / ext4 rw 0 0\nx:/y {tmp_path}/a nfs rw 0 0\n"

    chosen = choose_spool_dir((tmp_path / "a", tmp_path / "b"), 1 << 16, mounts)

    assert chosen == tmp_path / "b"
