"""Whose log this is, when several hosts see the same directory.

```
run-<id>.wandb.owner    {"host": "node7", "boot_id": "…", "pid": 4711}
                        touched every minute while core has the log
```

POSIX locks keep the processes of one host apart; between hosts that share a home
directory they often do not work. A mark of another host that was touched within
`STALE_S` means that its core is alive. The same boot id is the same machine (containers
have host names of their own), and there the lock decides.
"""

import json
import os
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wandb_core.errors import LogOwnedElsewhere

TOUCH_S = 60.0
STALE_S = 600.0

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Machine:
    """This host, as it appears in owner marks."""

    host: str
    boot_id: str

    @classmethod
    def here(cls) -> "Machine":
        """Ask the system; without a boot id (not Linux) the host name decides."""
        try:
            boot_id = _BOOT_ID.read_text().strip()
        except OSError:
            boot_id = ""
        return cls(host=socket.gethostname(), boot_id=boot_id)

    def is_same(self, host: str, boot_id: str) -> bool:
        if self.boot_id and boot_id == self.boot_id:
            return True
        return host == self.host


def owner_path(log_path: Path) -> Path:
    """Where the mark of a log lies."""
    return log_path.with_name(log_path.name + ".owner")


def claim(log_path: Path, machine: Machine) -> None:
    """Write our mark, unless another living host has the log.

    Raises:
        LogOwnedElsewhere: its mark is fresh.
        OSError: the mark cannot be written.
    """
    if (host := living_owner(log_path, machine)) is not None:
        raise LogOwnedElsewhere(log_path, host)
    text = json.dumps(
        {"host": machine.host, "boot_id": machine.boot_id, "pid": os.getpid()}
    )
    path = owner_path(log_path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".owner-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def living_owner(log_path: Path, machine: Machine) -> str | None:
    """The other host whose core has this log now, or None. A broken mark is none."""
    path = owner_path(log_path)
    try:
        found = json.loads(path.read_text())
        host, boot_id = str(found["host"]), str(found.get("boot_id", ""))
        touched = path.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if machine.is_same(host, boot_id):
        return None
    return host if _file_system_time(path.parent) - touched < STALE_S else None


def touch(log_path: Path) -> None:
    """Say that we are still alive; a mark that vanished is not made again."""
    with suppress(OSError):
        os.utime(owner_path(log_path))


def release(log_path: Path) -> None:
    """Take our mark away: whoever comes next may have the log. Idempotent."""
    with suppress(OSError):
        owner_path(log_path).unlink()


def _file_system_time(directory: Path) -> float:
    """Now, by the clock that stamps files there (a file server has its own)."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return 0.0
