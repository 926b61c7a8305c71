"""Where this user's core daemon is, as its files say, and whether it lives.

Core holds a POSIX lock from start to death and writes its address beside it. Only a
free lock counts as death of core: never a timeout, never a pid.
"""

import fcntl
import json
import os
from dataclasses import dataclass

from wandb_proto.places import Places


@dataclass(frozen=True, slots=True)
class CoreAddress:
    """The content of core's address file."""

    pid: int
    address: str
    token: str
    version: str
    build: str
    protocol: int
    certificate: str = ""
    """PEM of a core on another host; "" on this one."""


def core_lives(places: Places) -> bool:
    """Whether a core holds its lock. Never ask in core itself: that would free it."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(places.core_lock, flags)
    except OSError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_address(places: Places) -> CoreAddress | None:
    """The address file, or None if it is not there or not whole."""
    try:
        found = json.loads(places.core_address.read_bytes())
        return CoreAddress(
            pid=int(found["pid"]),
            address=str(found["address"]),
            token=str(found["token"]),
            version=str(found["version"]),
            build=str(found["build"]),
            protocol=int(found["protocol"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
