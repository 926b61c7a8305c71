"""Parsed tails of runs in memory, so that a live chart does not parse them every time.

```
tail rows in the database   ├── parsed before ──┤── new ──┤
batches in memory           [ big  ][ small ][ new ]        merged as they grow
```

A tail belongs to a mark (`runs.segment_mark`): when rows moved to a segment the mark is
another and the tail is parsed anew. What was parsed is never changed, so that a
question in a thread can go on reading while new rows arrive.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from wandb_server.ingest.fact_tables import FactTable
from wandb_server.ingest.rows import ParsedRows, join_rows, parse_rows
from wandb_server.storage.lines import read_tail
from wandb_server.storage.tail_batch import with_steps

EMPTY = parse_rows(())
FACTS_COUNT_MAX = 2_000_000
"""Keys of all runs whose facts are kept (about 60 bytes each)."""
SHARED_COUNT = 8


@dataclass(frozen=True, slots=True)
class TailPlace:
    """Whose tail, as a snapshot shows it: the run's mark and next row."""

    run_id: int
    file: str
    mark: int
    end_row: int

    @property
    def key(self) -> tuple[int, str]:
        """What the tail is kept under."""
        return self.run_id, self.file


@dataclass(frozen=True, slots=True)
class Tail:
    """The parsed tail of one file of a run, in order of arrival."""

    mark: int
    end_row: int
    batches: tuple[ParsedRows, ...] = ()

    def whole(self) -> ParsedRows:
        """All batches as one."""
        joined = EMPTY
        for batch in self.batches:
            joined = join_rows(joined, batch) if joined.row_count else batch
        return joined

    def extended(self, batch: ParsedRows, end_row: int) -> "Tail":
        """With newer rows; batches of similar size become one (O(log n) remain)."""
        batches = [*self.batches, batch] if batch.row_count else list(self.batches)
        while len(batches) > 1 and batches[-2].row_count < 2 * batches[-1].row_count:
            last = batches.pop()
            batches[-1] = join_rows(batches[-1], last)
        return Tail(self.mark, end_row, tuple(batches))


class Tails:
    """Tails by (run, file), the least recently asked for are forgotten beyond a limit.

    Used by the database's reader threads: replacing an entry is one assignment, and two
    threads that parse the same rows come to the same result.
    """

    def __init__(self, points_max: int) -> None:
        self._points_max = points_max
        self._kept: OrderedDict[tuple[int, str], tuple[Tail, int]] = OrderedDict()
        self._tables: OrderedDict[tuple[int, str], tuple[TailPlace, FactTable]] = (
            OrderedDict()
        )

    def read(self, connection: Connection, place: TailPlace) -> Tail:
        """The tail as this snapshot shows it, or newer.

        Newer rows of the same mark may be in it; rows are never missing or twice.
        """
        mark, end_row = place.mark, place.end_row
        kept = self._kept.get(place.key)
        tail = kept[0] if kept and kept[0].mark == mark else Tail(mark, 0)
        if tail.end_row < end_row:
            found = read_tail(connection, *place.key, first_row=tail.end_row)
            batch = parse_rows(with_steps(found))
            tail = tail.extended(batch, end_row)
        if kept is None or kept[0].mark <= mark:
            self._keep(place.key, tail)
        return tail

    def forget(self, run_id: int) -> None:
        """The run is gone."""
        for kept in (self._kept, self._tables):
            for key in [key for key in list(kept) if key[0] == run_id]:
                kept.pop(key, None)

    def table(self, place: TailPlace) -> FactTable | None:
        """Facts of all rows of the file at this place, if they are remembered."""
        kept = self._tables.get(place.key)
        return kept[1] if kept and kept[0] == place else None

    def keep_table(self, place: TailPlace, table: FactTable) -> FactTable:
        """Remember the facts, sharing the keys of another run that has the same."""
        for _, other in list(self._tables.values())[-SHARED_COUNT:]:
            if other.keys == table.keys:
                table = replace(table, keys=other.keys)
                break
        self._tables[place.key] = (place, table)
        kept = sum(len(entry[1].keys) for entry in list(self._tables.values()))
        while kept > FACTS_COUNT_MAX and len(self._tables) > 1:
            try:
                kept -= len(self._tables.popitem(last=False)[1][1].keys)
            except KeyError:  # another thread was faster
                break
        return table

    def _keep(self, key: tuple[int, str], tail: Tail) -> None:
        self._kept[key] = (tail, _point_count(tail.batches))
        try:
            self._kept.move_to_end(key)
            while (
                sum(count for _, count in list(self._kept.values())) > self._points_max
            ):
                if len(self._kept) == 1:
                    return
                self._kept.popitem(last=False)
        except KeyError:  # another thread was faster
            return


def _point_count(batches: Sequence[ParsedRows]) -> int:
    return sum(
        3 * batch.row_count + sum(len(points.index) for points in batch.points.values())
        for batch in batches
    )
