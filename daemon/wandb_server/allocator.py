"""What the allocators of C and Python are told once.

glibc gives each thread an arena of its own, up to eight per core, and hardly any of
them gives pages back: threads that read, write, compact and compress in turn then hold
several times what is in use. Two arenas hold a run of a million rows that streams in at
430 MB instead of 620 (`benchmarks/server_export.py`), at the same speed: Python's lock
lets one thread allocate at a time anyway. Left alone, it also takes ever larger arrays
from the arenas, where they leave holes: mapped one by one, they go when they are freed
(storing a run of a million rows 371 MB instead of 395 to 409, its export 366 for 403).

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
MAPPED_FROM_BYTES = 1024 * 1024
KEPT_FREE_BYTES = 4 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""From malloc.h of glibc, part of its binary interface."""


def bound_heaps() -> bool:
    """Let threads share two arenas, and give back what is large or free.

    Returns:
        False where the allocator has no such settings.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wanted = (
        (_M_ARENA_MAX, ARENAS_MAX),
        (_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES),
        (_M_TRIM_THRESHOLD, KEPT_FREE_BYTES),
    )
    return all(mallopt(name, value) for name, value in wanted)


def freeze_objects() -> None:
    """Call when everything that lives as long as the process has been made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_COUNT_MAX, OLDER_TIMES_MAX, OLDER_TIMES_MAX)
