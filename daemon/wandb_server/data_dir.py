"""The data directory: ours alone, on a local disk, held by one server at a time.

    <data_dir>/server.lock    POSIX lock while a server lives; names host, boot and pid

The POSIX lock answers for this machine. For a directory that several hosts see, the
text answers: written while the server lives and emptied when it ends, it names a host.
Another host's name in it means that its server may still live, so we refuse; our own
name, or our own boot id (a container that got a new name), means that the lock told the
truth.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_server.errors import AlreadyRunning, DataDirUnusable

NETWORK_FILE_SYSTEMS = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "9p", "ceph"),
        *("lustre", "gpfs", "beegfs", "glusterfs", "pvfs2", "orangefs", "davfs"),
    )
)
NETWORK_FUSE = ("sshfs", "glusterfs", "s3fs", "gcsfuse", "rclone", "ceph", "blobfuse")
LOCK_PATIENCE_S = 1.0
"""Somebody who only looks whether a server runs holds the lock for an instant."""


class FileLock:
    """A POSIX lock on a file of its own; free again as soon as the process ends.

    Never two of these on one file in one process: closing one would free both.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path, *, patience_s: float = 0.0) -> "FileLock | None":
        """The lock, or None if another process holds it.

        Raises:
            OSError: the file cannot be made.
        """
        deadline = time.monotonic() + patience_s
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        while True:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return cls(path, descriptor)
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return None
                time.sleep(0.02)

    def read(self) -> str:
        """What the last holder wrote."""
        return os.pread(self._descriptor, 4096, 0).decode(errors="replace")

    def write(self, text: str) -> None:
        """Replace the text."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def release(self) -> None:
        """Free the lock; the file stays."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Machine:
    """Who we are, as written into the lock."""

    host: str
    boot_id: str

    @classmethod
    def this(cls) -> "Machine":
        """The machine that we run on."""
        try:
            boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            boot_id = ""
        return cls(socket.gethostname(), boot_id)


class HeldDataDir:
    """A data directory that this process holds until `release`."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock

    def release(self) -> None:
        """Let the next server in, on whatever host."""
        self._lock.write("")
        self._lock.release()


def hold_data_dir(
    path: Path, machine: Machine, *, mounts: Callable[[], str] | None = None
) -> HeldDataDir:
    """Make the directory if needed, check it, and hold it.

    Raises:
        DataDirUnusable: not writable, open to others, on a network file system, or held
            by a server on another host.
        AlreadyRunning: held by another server of this machine.
    """
    _make(path)
    kind = file_system_of(path, (mounts or _read_mounts)())
    if _is_network(kind):
        raise DataDirUnusable(
            f"The data directory {path} lies on a network file system ({kind}), where "
            "databases get damaged. Choose a directory on a local disk with --data-dir."
        )
    try:
        lock = FileLock.take(path / "server.lock", patience_s=LOCK_PATIENCE_S)
    except OSError as error:
        raise _unusable(path, error) from error
    if lock is None:
        raise AlreadyRunning(f"Another server holds the data directory {path}.")
    holder = _parse(lock.read())
    if holder is not None and not _is_ours(holder, machine):
        lock.release()
        raise DataDirUnusable(
            f"The data directory {path} is held by a server on host "
            f"{holder.get('host')!r} (pid {holder.get('pid')}). Stop that server; if "
            f"it is gone for good, remove {path / 'server.lock'}."
        )
    mark = {"host": machine.host, "boot_id": machine.boot_id, "pid": os.getpid()}
    lock.write(json.dumps(mark))
    return HeldDataDir(path, lock)


def file_system_of(path: Path, mounts: str) -> str:
    """Type of the file system that holds `path`, from text like /proc/mounts."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = point == "/" or path == Path(point) or Path(point) in path.parents
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
        if path.stat().st_uid == os.getuid():
            path.chmod(0o700)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> DataDirUnusable:
    return DataDirUnusable(
        f"The data directory {path} cannot be used: {error.strerror}. Make it "
        "writable, or choose another one with --data-dir."
    )


def _read_mounts() -> str:
    try:
        return Path("/proc/mounts").read_text()
    except OSError:
        return ""


def _is_network(kind: str) -> bool:
    if kind.startswith("fuse."):
        return any(name in kind for name in NETWORK_FUSE)
    return kind in NETWORK_FILE_SYSTEMS


def _parse(text: str) -> dict[str, Any] | None:
    try:
        holder = json.loads(text)
    except ValueError:
        return None
    return holder if isinstance(holder, dict) else None


def _is_ours(holder: dict[str, Any], machine: Machine) -> bool:
    if machine.boot_id and holder.get("boot_id") == machine.boot_id:
        return True
    return bool(holder.get("host") == machine.host)
