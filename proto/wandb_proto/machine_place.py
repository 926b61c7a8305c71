"""Where a process is: which machine, and which pids mean the same there."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class MachinePlace:
    """Containers of one host share its boot id; pids mean the same in a namespace."""

    boot_id: str
    pid_namespace: str

    @classmethod
    def here(cls) -> "MachinePlace":
        """Ask the system; where it has no boot id, the host's name stands for it."""
        try:
            boot_id = _BOOT_ID.read_text().strip()
        except OSError:
            boot_id = socket.gethostname()
        try:
            namespace = os.readlink(_PID_NAMESPACE)
        except OSError:
            namespace = ""
        return cls(boot_id, namespace)
