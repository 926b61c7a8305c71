"""What the allocators of C and Python are told once.

glibc gives each thread an arena of its own, up to eight per core, and hardly any of
them gives pages back: threads that read, write, compact and compress in turn then hold
several times what is in use. Two arenas hold a run of a million rows that streams in at
430 MB instead of 620 (`benchmarks/server_export.py`), at the same speed: Python's lock
lets one thread allocate at a time anyway.

Python's collector walks over everything that lives after every few hundred new tuples,
and a post has hundreds: what a started server keeps for ever is left out of that, and
it looks more rarely (a tenth of what posts cost, `benchmarks/server_load.py`,
and no pauses of the event loop by the schema's 100,000 objects).
"""

import ctypes
import gc

ARENAS_MAX = 2
YOUNG_COUNT_MAX = 10_000
OLDER_TIMES_MAX = 20
_M_ARENA_MAX = -8
"""From malloc.h of glibc, part of its binary interface."""


def bound_arenas() -> bool:
    """Let threads share two arenas; False where the allocator has no such setting."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, ARENAS_MAX))


def freeze_objects() -> None:
    """Call when everything that lives as long as the process has been made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_COUNT_MAX, OLDER_TIMES_MAX, OLDER_TIMES_MAX)
