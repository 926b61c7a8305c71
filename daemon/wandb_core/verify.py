"""`wandb verify`: are the rows of a run's logs and those at the server the same?

```
 logs of the run ─► lines as uploaded ─┐  (step, digest) of each row, sorted,
 server          ─► history pages ─────┘  chained: one digest for each side
```

A row's digest is that of its values (sorted keys, numbers by value), so that it does
not matter how a server writes them. Rows of one step are compared as a set: writers
that share a run have no order among themselves.
"""

import asyncio
import hashlib
import json
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wandb_proto import json_codec
from wandb_proto.v1.record_pb2 import RunRecord

from wandb_core.errors import PermanentError
from wandb_core.server_client import ServerClient
from wandb_core.uploader.cursor import HISTORY, Cursor, CursorUnreadable, load_cursor
from wandb_core.uploader.log_folder import LogFolder, identify

DIGEST_BYTES = 16
PAGE_ROWS = 10_000
SHOWN_CHARACTERS_MAX = 300


@dataclass(slots=True)
class RowDigests:
    """Step and digest of many rows; 24 bytes each."""

    steps: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)

    def add(self, text: str) -> None:
        """Take one row, as JSON text."""
        row = json_codec.loads(text)
        step = row.get("_step") if isinstance(row, dict) else None
        self.steps.append(step if isinstance(step, int) else -1)
        self.digests += row_digest(row)

    def in_order(self) -> "RowDigests":
        """Sorted by step, and by digest within a step."""
        places = sorted(range(len(self.steps)), key=self.at)
        ordered = RowDigests()
        for place in places:
            step, digest = self.at(place)
            ordered.steps.append(step)
            ordered.digests += digest
        return ordered

    def at(self, place: int) -> tuple[int, bytes]:
        """Step and digest of one row."""
        begin = place * DIGEST_BYTES
        return self.steps[place], bytes(self.digests[begin : begin + DIGEST_BYTES])

    def chain(self) -> str:
        """The digest of all rows in this order: each link holds the one before."""
        link = b""
        for place in range(len(self.steps)):
            link = hashlib.sha256(link + self.at(place)[1]).digest()
        return link.hex()[: 2 * DIGEST_BYTES]

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row that is not the same on both sides."""

    row: int
    """Its number among the compared rows."""
    step: int
    here: str | None
    """Its text in the logs; None if it is missing there."""
    there: str | None

    def __str__(self) -> str:
        if self.there is None:
            return (
                f"row {self.row} (step {self.step}) is not at the server: {self.here}"
            )
        if self.here is None:
            return f"row {self.row} (step {self.step}) is not in the log: {self.there}"
        return (
            f"row {self.row} (step {self.step}) differs: here {self.here}, "
            f"at the server {self.there}"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison has found."""

    row_count: int
    digest: str
    server_row_count: int
    server_digest: str
    difference: Difference | None


def row_digest(row: object) -> bytes:
    """The same for equal rows, however they were written."""
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:DIGEST_BYTES]


class LoggedRun:
    """All logs of one run that are in one place."""

    def __init__(self, paths: Sequence[Path], row_bytes_max: int) -> None:
        """The paths in any order.

        Raises:
            ValueError: there is no run in them.
        """
        self._row_bytes_max = row_bytes_max
        identified = [(path, identify(path)) for path in paths]
        found = [(path, known) for path, known in identified if known is not None]
        found.sort(key=lambda pair: _started(pair[1].run))
        if not found:
            raise ValueError("no log of a run")
        self.paths = [path for path, _ in found]
        self.run = found[0][1].run
        self.cursors = [_cursor(path) for path in self.paths]

    @property
    def is_uploaded(self) -> bool:
        """Whether core says that everything is at the server."""
        return all(
            cursor is not None and cursor.done and cursor.offset >= path.stat().st_size
            for path, cursor in zip(self.paths, self.cursors, strict=True)
        )

    @property
    def first_step(self) -> int:
        """Rows of the run below it are older than these logs."""
        first = self.cursors[0]
        return first.starting_step if first is not None and first.resumed else 0

    def lines(self) -> Iterator[str]:
        """The rows as they are uploaded."""
        for path, cursor in zip(self.paths, self.cursors, strict=True):
            folder = LogFolder(
                path,
                starting_step=cursor.starting_step if cursor else 0,
                row_bytes_max=self._row_bytes_max,
                first_line=cursor.base.get(HISTORY, 0) if cursor else 0,
            )
            try:
                while chunk := folder.next_chunk(path.stat().st_size):
                    yield from chunk.rows
            finally:
                folder.close()


async def verify(
    run: LoggedRun, client: ServerClient, entity: str | None, project: str, run_id: str
) -> Verdict:
    """Compare the run with what the server has of it. Changes nothing.

    Raises:
        PermanentError: the server does not know the run, or refuses.
        TransientError: it does not answer.
        OSError: a log cannot be read.
    """
    here = await asyncio.to_thread(_digests, run.lines())
    there = RowDigests()
    async for text in server_lines(client, entity, project, run_id, run.first_step):
        there.add(text)
    here, there = here.in_order(), there.in_order()
    place = _first_difference(here, there)
    difference = None
    if place is not None:
        path = (entity, project, run_id)
        difference = await _explain(run, client, path, place, here, there)
    return Verdict(len(here), here.chain(), len(there), there.chain(), difference)


async def server_lines(
    client: ServerClient, entity: str | None, project: str, run_id: str, first_step: int
) -> AsyncIterator[str]:
    """All rows of a run from a step on, page by page.

    Raises:
        PermanentError: there is no such run.
    """
    status = await client.resume_status(entity, project, run_id)
    if status is None:
        raise PermanentError(f"the server has no run {run_id} in project {project}")
    end = (status.last_step if status.last_step is not None else -1) + 1
    steps_per_row = max(1, end // max(1, status.history_line_count))
    window = PAGE_ROWS * steps_per_row
    for start in range(first_step, end, window):
        page = await client.history_page(
            entity, project, run_id, start, min(start + window, end)
        )
        for text in page:
            yield text


def _digests(lines: Iterator[str]) -> RowDigests:
    found = RowDigests()
    for line in lines:
        found.add(line)
    return found


def _first_difference(here: RowDigests, there: RowDigests) -> int | None:
    for place in range(min(len(here), len(there))):
        if here.at(place) != there.at(place):
            return place
    return min(len(here), len(there)) if len(here) != len(there) else None


async def _explain(
    run: LoggedRun,
    client: ServerClient,
    path: tuple[str | None, str, str],
    place: int,
    here: RowDigests,
    there: RowDigests,
) -> Difference:
    mine = here.at(place) if place < len(here) else None
    theirs = there.at(place) if place < len(there) else None
    if mine and theirs and mine[0] != theirs[0]:  # only the lower one is at fault
        mine, theirs = (mine, None) if mine[0] < theirs[0] else (None, theirs)
    step = (mine or theirs or (0, b""))[0]
    here_text = there_text = None
    if mine is not None:
        here_text = await asyncio.to_thread(_find, run.lines(), mine[1])
    if theirs is not None:
        page = await client.history_page(*path, step, step + 1)
        there_text = _find(iter(page), theirs[1])
    return Difference(place, step, here_text, there_text)


def _find(lines: Iterator[str], digest: bytes) -> str:
    for line in lines:
        if row_digest(json_codec.loads(line)) == digest:
            return line[:SHOWN_CHARACTERS_MAX]
    return "?"  # it has changed meanwhile


def _cursor(path: Path) -> Cursor | None:
    try:
        return load_cursor(path)
    except CursorUnreadable:
        return None


def _started(run: RunRecord) -> tuple[int, int]:
    return run.start_time.seconds, run.start_time.nanos
