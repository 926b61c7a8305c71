"""The lock that says: somebody appends to this log.

It belongs to the open file, not to the process: a POSIX record lock in the classic form
(`fcntl.lockf`) would be lost as soon as this process closes *any* descriptor of the
same file, and the uploader opens and closes the log while its writer holds the lock.
Both forms see each other. Where open file description locks are missing (macOS),
`flock` has the same life.
"""

import errno
import os
import struct
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_BUSY = (errno.EACCES, errno.EAGAIN)


def lock(descriptor: int) -> bool:
    """Take the lock for as long as the descriptor is open; False: somebody has it."""
    if sys.platform == "win32":
        return True
    try:
        if hasattr(fcntl, "F_OFD_SETLK"):
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True


def is_locked(path: Path) -> bool:
    """Whether somebody, this process included, appends to the log at `path` now."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not lock(descriptor)
    finally:
        os.close(descriptor)


def _whole_file(kind: int) -> bytes:
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0)
