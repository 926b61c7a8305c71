"""Choose where a ring may live: private, local, and with room to spare.

A ring on a memory file system is fastest and survives every death but that of the
machine. But containers often have 64 MB there in all, and torch's DataLoader lives in
the same place; and a mapped file on a network file system can stall or kill training.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from wandb_proto.places import make_private

RINGS_OF_ROOM = 16
"""A directory is taken only if this many rings would fit into its free space."""

_NETWORK_TYPES = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "davfs", "afs", "9p", "ceph",
     "lustre", "beegfs", "gpfs", "glusterfs", "orangefs", "panfs", "pvfs2")
)  # fmt: skip


def choose_spool_dir(
    candidates: Iterable[Path], ring_bytes: int, mounts: str | None = None
) -> Path | None:
    """The first usable directory, made private; None if there is none.

    mounts: the text of /proc/mounts, read when not given.
    """
    mounts = _read_mounts() if mounts is None else mounts
    for directory in candidates:
        if directory.is_relative_to("/dev") and not directory.parent.is_dir():
            continue  # no memory file system: a directory of its name would fool others
        try:
            make_private(directory)
        except OSError:
            continue
        if is_network_mount(directory, mounts):
            continue
        if has_room(directory, ring_bytes * RINGS_OF_ROOM):
            return directory
    return None


def has_room(directory: Path, byte_count: int) -> bool:
    """Whether the file system would take this much more from us."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= byte_count


def is_network_mount(directory: Path, mounts: str) -> bool:
    """Whether the directory lies on a file system of another machine.

    FUSE counts as one: what is behind it is unknown.
    """
    path = os.path.realpath(directory)
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").rstrip("/")
        inside = path == point or path.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind in _NETWORK_TYPES or kind.startswith("fuse.")


def _read_mounts() -> str:
    try:
        return Path("/proc/mounts").read_text(errors="replace")
    except OSError:
        return ""  # no such file on macOS: taken as local
