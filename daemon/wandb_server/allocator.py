"""What the C allocator is told once, before threads are started.

glibc gives each thread an arena of its own, up to eight per core, and hardly any of
them gives pages back: threads that read, write, compact and compress in turn then hold
several times what is in use. Two arenas hold a run of a million rows that streams in at
430 MB instead of 620 (`benchmarks/server_export.py`), at the same speed: Python's lock
lets one thread allocate at a time anyway.
"""

import ctypes

ARENAS_MAX = 2
_M_ARENA_MAX = -8
"""From malloc.h of glibc, part of its binary interface."""


def bound_arenas() -> bool:
    """Let threads share two arenas; False where the allocator has no such setting."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, ARENAS_MAX))
