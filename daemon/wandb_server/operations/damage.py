"""Which objects of segments are what was written, and what is lost where one is not.

```
an object is used ─► known to be whole, and its file has not changed ─► use it
      │ first time in this process, or changed
      ▼
CRC-32 of all its bytes == that of its row? ── no ─► a cached copy: fetched anew, once
      │ yes                                              │ still no
      ▼                                                  ▼
   remembered                          logged, and remembered as damaged
```

Readers leave out what is lost and say so; what makes something new of the rows
(merging, files of history, forks, rewinding) refuses: no loss becomes permanent.
"""

import asyncio
import logging
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_server.errors import StorageDamaged
from wandb_server.model.history import LostRows
from wandb_server.storage import removal
from wandb_server.storage.catalog import Segment
from wandb_server.storage.objects import object_key
from wandb_server.storage.row_segment import RowIndex

if TYPE_CHECKING:
    from wandb_server.operations.stores import Stores

logger = logging.getLogger(__name__)

KNOWN_COUNT_MAX = 200_000
READ_BYTES = 1024 * 1024
MISSING = "it is missing"
CHANGED = "its bytes are not those that were written"

Wanted = tuple[int, str]
"""Number and suffix of an object."""
Seen = tuple[int, int, int]
"""When a file was changed, its size and inode."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """Where an object is; `problem` is empty where it is whole."""

    path: Path
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    seen: Seen | None
    problem: str


class Damage:
    """What is known of the objects of this server. Used in its event loop only."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, _State] = OrderedDict()
        self._lost: dict[int, dict[int, LostRows]] = {}
        self.indexes: dict[int, tuple[Path, RowIndex | None]] = {}
        """What can be read of damaged rows: object -> file and its index."""

    def state(self, number: int, path: Path) -> str | None:
        """The problem of an object (empty: none); None: it must be looked at."""
        known = self._known.get(number)
        return None if known is None or known.seen != _seen(path) else known.problem

    def keep(self, number: int, path: Path, problem: str) -> None:
        """Remember what was found; what is damaged is logged."""
        before = self._known.get(number)
        self._known[number] = _State(_seen(path), problem)
        self.indexes.pop(number, None)
        if len(self._known) > KNOWN_COUNT_MAX:
            self._known.popitem(last=False)
        if problem and (before is None or before.problem != problem):
            logger.error("object damaged key=%s error=%s", path.name, problem)

    def forget(self, numbers: Sequence[int]) -> None:
        """Look at these again."""
        for number in numbers:
            self._known.pop(number, None)

    def lose(self, segment: Segment, lost: LostRows | None) -> None:
        """Note what a segment has lost; None: nothing (any more)."""
        mine = self._lost.setdefault(segment.run_id, {})
        if lost is None:
            mine.pop(segment.id, None)
        elif mine.get(segment.id) != lost:
            mine[segment.id] = lost
            logger.error(
                "rows lost run=%d file=%s steps=%s-%s rows=%d error=%s",
                *(segment.run_id, lost.file, lost.first_step, lost.last_step),
                *(lost.row_count, lost.reason),
            )
        if not mine:
            del self._lost[segment.run_id]

    def lost_of(self, run_id: int) -> Sequence[LostRows]:
        """What was found to be lost of a run."""
        return tuple(self._lost.get(run_id, {}).values())

    @property
    def any_lost(self) -> bool:
        """Whether rows of any run are known to be lost."""
        return bool(self._lost)


async def find_objects(
    stores: "Stores", wanted: Sequence[Wanted]
) -> Mapping[int, FoundObject]:
    """Files of these objects, each compared with what was written.

    Raises:
        StorageBusy: the store does not answer.
    """
    found: dict[int, FoundObject] = {}
    unknown: dict[int, Path] = {}
    for number, suffix in wanted:
        try:
            path = await stores.objects.local_path(object_key(number, suffix))
        except StorageDamaged:
            path = Path(object_key(number, suffix))
        problem = stores.damage.state(number, path)
        if problem is None:
            unknown[number] = path
        else:
            found[number] = FoundObject(path, problem)
    if unknown:
        suffixes = dict(wanted)
        found.update(await _look_at(stores, unknown, suffixes))
    return found


async def whole_paths(stores: "Stores", wanted: Sequence[Wanted]) -> list[Path]:
    """Files of these objects, in their order.

    Raises:
        StorageDamaged: one of them is not what was written.
    """
    found = await find_objects(stores, wanted)
    for number, suffix in wanted:
        if problem := found[number].problem:
            raise StorageDamaged(problem, place=object_key(number, suffix))
    return [found[number].path for number, _ in wanted]


async def _look_at(
    stores: "Stores", unknown: Mapping[int, Path], suffixes: Mapping[int, str]
) -> dict[int, FoundObject]:
    sums = await stores.database.read(
        lambda db: removal.sums_of_objects(db, list(unknown))
    )
    found = {}
    for number, path in unknown.items():
        problem = await asyncio.to_thread(_compare, path, sums.get(number))
        if problem and stores.objects.drop_copy(object_key(number, suffixes[number])):
            problem = await _fetch_again(stores, number, suffixes[number], sums)
        stores.damage.keep(number, path, problem)
        found[number] = FoundObject(path, problem)
    return found


async def _fetch_again(
    stores: "Stores",
    number: int,
    suffix: str,
    sums: Mapping[int, tuple[int, int | None]],
) -> str:
    """Whether the copy was to blame; the problem that is left."""
    try:
        path = await stores.objects.local_path(object_key(number, suffix))
    except StorageDamaged:
        return MISSING
    return await asyncio.to_thread(_compare, path, sums.get(number))


def _compare(path: Path, wanted: tuple[int, int | None] | None) -> str:
    """The problem of a file, empty if its size and CRC-32 are these."""
    try:
        size, crc = measure(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            return MISSING
        return error.strerror or str(error)
    if wanted is None:
        return ""  # removed meanwhile: nobody will ask again
    if size != wanted[0]:
        return f"it has {size} bytes instead of {wanted[0]}"
    return CHANGED if wanted[1] is not None and crc != wanted[1] else ""


def measure(path: Path) -> tuple[int, int]:
    """Size in bytes and CRC-32."""
    size, crc = 0, 0
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            size += len(piece)
            crc = zlib.crc32(piece, crc)
    return size, crc


def _seen(path: Path) -> Seen | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
