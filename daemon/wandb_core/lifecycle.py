"""The process around the daemon: alone of its kind, detached, and findable.

```
 hold_lock ─► prepare ─► (Daemon) ─► write_address ─► … ─► remove_address
   busy: another core lives; leave                  lock free = dead, whatever happened
```
"""

import fcntl
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.build import build_id
from wandb_proto.core_place import CoreAddress, read_address
from wandb_proto.places import Places, make_private

from wandb_core.errors import CoreError, CoreRunning

_log = logging.getLogger(__name__)


def own_address(address: str, token: str) -> CoreAddress:
    """The address file's content for this process."""
    return CoreAddress(
        os.getpid(), address, token, VERSION, build_id(), PROTOCOL_VERSION
    )


class CoreLock:
    """Held from start to death: the one sign that this user's core lives."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, places: Places) -> "CoreLock":
        """Make the runtime directory private and take the lock in it.

        The file is never opened a second time in this process: closing any descriptor
        of it would free the lock.

        Raises:
            CoreRunning: another core holds it.
            CoreError: the directory is not ours alone, or cannot be made.
        """
        try:
            make_private(places.runtime_dir)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(places.core_lock, flags, 0o600)
        except OSError as error:
            raise CoreError(f"cannot use {places.runtime_dir}: {error}") from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise CoreRunning("another core of this user is running") from error
        return cls(places.core_lock, descriptor)

    def still_counts(self) -> bool:
        """False if the file was removed or replaced: then nobody sees our lock."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._descriptor))
        except OSError:
            return False


def write_address(places: Places, address: CoreAddress) -> None:
    """Replace the address file in one step; only its owner can read it."""
    text = json.dumps(asdict(address))
    temporary = places.core_address.with_name(f"core.json.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(temporary, flags, 0o600), "w") as file:
        file.write(text)
    os.replace(temporary, places.core_address)


def keep_address(places: Places, address: CoreAddress) -> None:
    """Repair the address file if somebody damaged it, and keep files looking used.

    Cleaners of temporary directories remove what was not touched for days.
    """
    with suppress(OSError):
        if read_address(places) != address:
            _log.warning("address_file_repaired")
            write_address(places, address)
        os.utime(places.core_address)
        os.utime(places.core_lock)
        if places.core_socket.exists():
            os.utime(places.core_socket)


def remove_address(places: Places) -> None:
    """Nobody shall look for us any more."""
    places.core_address.unlink(missing_ok=True)


def detach() -> None:
    """Outlive the process, the terminal and the directory that started us."""
    with suppress(OSError):
        os.setsid()
    os.chdir("/")
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    if null > 2:
        os.close(null)


def limit_log(path: Path, byte_count_max: int) -> None:
    """Begin core.log anew when it is too long; the last part is kept as core.log.1.

    Does nothing unless standard error is that file.
    """
    with suppress(OSError):
        found = os.fstat(2)
        if found.st_size <= byte_count_max:
            return
        if not os.path.samestat(found, os.stat(path)):
            return
        os.replace(path, path.with_name(path.name + ".1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fresh = os.open(path, flags, 0o600)
        sys.stderr.flush()
        os.dup2(fresh, 2)
        os.dup2(fresh, 1)
        os.close(fresh)
