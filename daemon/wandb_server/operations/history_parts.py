"""History as Parquet for the official client: files that are fetched, kept and merged.

```
lines of the history   0 ──────── 500000 ──────── 812345      all of an ended run
parts                  [    0    ][       1      ]            steps ascend over parts
objects                  parquet      parquet
```

What the client does decides what may be handed out (daemon/decisions/0023):

- It keeps a file for ever under the names of the run and the number of the part: a part
  is made of the same lines whenever it is made, and a rewound run has none any more.
- Where parts overlap in steps, or live rows come beside them, it mixes up rows of equal
  steps, or takes them twice: all rows are in parts, and parts ascend.
- It shows null for a key that a row does not have: all rows have the same keys.

Of any other run it is told nothing, and asks for rows.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.errors import StorageError
from wandb_server.ingest.fact_tables import FactTable
from wandb_server.model.flat_rows import STEP
from wandb_server.model.history import HistoryFile
from wandb_server.model.runs import Run
from wandb_server.operations.checked_reads import checked_bytes
from wandb_server.operations.damage import find_objects
from wandb_server.operations.keys import tables_of_runs
from wandb_server.operations.part_files import (
    PART_SUFFIX,
    HistoryLines,
    PartWriter,
    WrittenPart,
)
from wandb_server.operations.pieces import WrittenObject, put_objects, scratch
from wandb_server.operations.runs import ENDED
from wandb_server.operations.stores import Operations
from wandb_server.storage import catalog, history_parts, lines, removal, runs
from wandb_server.storage.flat_files import nameable
from wandb_server.storage.history_parts import StoredPart

PART_LINES_MIN = 500_000
"""A part ends with a segment, when it has so many lines."""
PARTS_MAX = 200
"""A run that was resumed more often is read by rows."""
MAKING_S_MAX = 10.0
"""A request that makes parts for longer answers without them; the next goes on."""
NOTE_USE_S = 24 * 3600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A history at one moment, and the parts that it has."""

    run: Run
    name: str
    lines: HistoryLines
    first_row: int
    parts: Sequence[StoredPart]

    @property
    def covered(self) -> int:
        return self.parts[-1].end_line if self.parts else 0


class HistoryParts(Operations):
    """Parts of histories, made when somebody asks."""

    async def history_files(self, run: Run) -> Sequence[HistoryFile]:
        """Files that hold the whole history exactly, see `Archive.history_files`."""
        if run.state not in ENDED:
            return ()
        try:
            found = await self._stores.database.read(lambda db: _look(db, run))
            if found is not None:
                found = await self._without_damaged(found)
            if found is not None and _missing(found):
                found = await self._make_parts(run)
        except StorageError as error:
            # The rows say what is damaged; here they are only not the fast way.
            logger.warning("history files cannot be made: run=%s %s", run.id, error)
            return ()
        if found is None or _missing(found):
            return ()
        await self._note_part_use(found)
        return [
            HistoryFile(part.object_id, part.number)
            for part in found.parts
            if part.object_id is not None
        ]

    async def history_file_size(self, object_id: int) -> int | None:
        """Bytes of a file; None if it is none (any more)."""
        found = await self._stores.database.read(
            lambda db: history_parts.file_size(db, object_id)
        )
        return None if found is None else found[1]

    def read_history_file(
        self, object_id: int, start: int, end: int
    ) -> AsyncIterator[bytes]:
        """Its bytes from `start` to before `end`."""
        return checked_bytes(self._stores, object_id, PART_SUFFIX, start, end)

    async def _note_part_use(self, found: _Snapshot) -> None:
        now = self._stores.clock()
        if any(part.used_at < now - NOTE_USE_S for part in found.parts):
            await self._stores.database.write(
                lambda db: history_parts.note_use(db, found.run.id, now)
            )

    async def _without_damaged(self, found: _Snapshot) -> _Snapshot | None:
        """The same, after letting go of files that are not what was written."""
        wanted = [
            (part.object_id, PART_SUFFIX)
            for part in found.parts
            if part.object_id is not None
        ]
        objects = await find_objects(self._stores, wanted)
        damaged = [number for number, one in objects.items() if one.problem]
        if not damaged:
            return found
        now = self._stores.clock()
        await self._stores.database.write(
            lambda db: history_parts.drop_files(db, damaged, now)
        )
        return await self._stores.database.read(lambda db: _look(db, found.run))

    async def _make_parts(self, run: Run) -> _Snapshot | None:
        """Make what is missing, one after the other; what the run has then."""
        until = time.monotonic() + MAKING_S_MAX
        try:
            async with asyncio.timeout(MAKING_S_MAX):
                await self._stores.exporting.acquire()
        except TimeoutError:
            return None
        try:
            tables = await tables_of_runs(self._stores, [run.id], lines.HISTORY)
            if not tables or not _looks_flat(tables[0]):
                return None
            found = await self._stores.database.read(lambda db: _look(db, run))
            while found is not None and (missing := _missing(found)):
                await self._make_part(found, *missing[0])
                found = await self._stores.database.read(lambda db: _look(db, run))
                if time.monotonic() >= until:
                    break
            return found
        finally:
            self._stores.exporting.release()

    async def _make_part(
        self, found: _Snapshot, number: int, first_line: int, end_line: int
    ) -> None:
        """One part: its file, its object, its row."""
        async with scratch(self._stores) as directory:
            made = await PartWriter(self._stores).write(
                found.lines, first_line, end_line, directory
            )
            made = _checked(found, made, number)
            written: Sequence[WrittenObject] = ()
            if made.path is not None:
                written = await put_objects(self._stores, found.run.id, [made.path])
        part = StoredPart(
            run_id=found.run.id,
            number=number,
            end_line=end_line,
            first_row=found.first_row,
            fit=made.path is not None,
            step_max=None if made.steps is None else made.steps[1],
            keys=json_codec.dumps(sorted(made.keys)),
            object_id=written[0].object_id if written else None,
            used_at=self._stores.clock(),
        )
        await self._stores.database.write(
            lambda db: _enter(db, found, part, written, self._stores.clock())
        )


def _look(db: Connection, run: Run) -> _Snapshot | None:
    """None: the run has no files, whatever is made."""
    name = f"{run.entity}_{run.project}_{run.name}"
    if history_parts.owner_of(db, name) not in (None, run.id):
        return None
    parts = history_parts.parts_of(db, run.id)
    segments = catalog.segments_of(db, run.id, lines.HISTORY)
    tail = lines.read_tail(db, run.id, lines.HISTORY)
    if not segments and not tail:
        return None
    first_row = segments[0].first_row if segments else tail[0][0]
    texts = [text for _, _, text in tail]
    found = _Snapshot(run, name, HistoryLines(segments, texts), first_row, parts)
    fits = all(part.fit and part.first_row == first_row for part in parts)
    fits &= len(parts) < PARTS_MAX and found.covered <= found.lines.count
    return found if fits else None


def _missing(found: _Snapshot) -> list[tuple[int, int, int]]:
    """(number, first line, end line) of parts without a file."""
    missing = []
    first = 0
    for part in found.parts:
        if part.object_id is None:
            missing.append((part.number, first, part.end_line))
        first = part.end_line
    number = len(found.parts)
    for end in _ends(found):
        missing.append((number, first, end))
        first, number = end, number + 1
    return missing


def _ends(found: _Snapshot) -> list[int]:
    """Where parts of the lines that no part has yet end: with segments behind which
    no step goes back, or with the last line.
    """
    if found.covered == found.lines.count:
        return []
    after: list[int | None] = [None]
    for segment in reversed(found.lines.segments):
        lowest = [one for one in (after[-1], segment.step_min) if one is not None]
        after.append(min(lowest, default=None))
    after.reverse()
    ends: list[int] = []
    at, begin, highest = 0, found.covered, -1
    for place, segment in enumerate(found.lines.segments):
        at += segment.row_count
        highest = max(highest, -1 if segment.step_max is None else segment.step_max)
        next_step = after[place + 1]
        # The rows of a tail may be of any step: the last segment ends no part then.
        apart = next_step is not None and next_step > highest and not found.lines.tail
        if at - begin >= PART_LINES_MIN and apart:
            ends.append(at)
            begin = at
    return [*ends, found.lines.count]


def _looks_flat(table: FactTable) -> bool:
    """False where the facts of its keys say already that a run has no files."""
    if STEP not in table.keys or not nameable([k for k in table.keys if k != STEP]):
        return False
    named = {"number", "string", "nil"}
    others = [at for at, name in enumerate(table.names) if name not in named]
    totals = table.counts.sum(axis=1)
    same_count = bool((totals == totals[table.keys.index(STEP)]).all())
    return same_count and not table.counts[:, others].any()


def _checked(found: _Snapshot, made: WrittenPart, number: int) -> WrittenPart:
    """None of a file that does not go with the parts before it."""
    if number == 0 or made.steps is None:
        return made
    before = found.parts[number - 1]
    same_keys = json_codec.loads(before.keys) == sorted(made.keys)
    ascends = before.step_max is None or made.steps[0] > before.step_max
    return made if same_keys and ascends else WrittenPart(None, (), made.steps)


def _enter(
    db: Connection,
    found: _Snapshot,
    part: StoredPart,
    written: Sequence[WrittenObject],
    now: float,
) -> None:
    """Enter a part, unless the run was rewound, or another server was faster."""
    current = _look(db, found.run) if runs.find_run_by_id(db, part.run_id) else None
    known = [] if current is None else [one.number for one in _files_of(current)]
    if (
        current is None
        or current.first_row != part.first_row
        or part.number in known
        or part.number > len(current.parts)
    ):
        removal.make_dead(db, [one.object_id for one in written], now)
        return
    for one in written:
        removal.make_live(db, one.object_id, one.size_bytes, one.crc32)
    history_parts.add_part(db, part, found.name)


def _files_of(found: _Snapshot) -> list[StoredPart]:
    return [part for part in found.parts if part.object_id is not None]
