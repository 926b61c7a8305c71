"""The catalog of segments: which rows and lines each holds, and in which objects.

```
run's rows   0 ───────── 10000 ───────── 20000 ──────── next_row
             [ segment 1 ][  segment 2  ][    tail      ]
```
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from wandb_server.storage.schema import runs, segment_lines, segments


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive rows of one file of a run, written once."""

    id: int
    run_id: int
    file: str
    first_row: int
    end_row: int
    row_count: int
    step_min: int | None
    step_max: int | None
    in_order: bool
    """Steps never go down from row to row."""
    rows_object: int
    series_object: int | None
    blocks_object: int | None
    point_count: int
    level: int
    """How often its rows were merged."""


@dataclass(frozen=True, slots=True)
class LineRange:
    """Lines of one log that are in a segment."""

    log_id: str
    first_line: int
    end_line: int


def segments_of(connection: Connection, run_id: int, file: str) -> list[Segment]:
    """By row."""
    return segments_of_runs(connection, [run_id], file).get(run_id, [])


def segments_of_runs(
    connection: Connection, run_ids: Sequence[int], file: str
) -> dict[int, list[Segment]]:
    """By run, then by row."""
    statement = select(segments).where(
        segments.c.run_id.in_(run_ids), segments.c.file == file
    )
    found: dict[int, list[Segment]] = {}
    for row in connection.execute(statement.order_by(segments.c.first_row)).mappings():
        found.setdefault(row["run_id"], []).append(Segment(**row))
    return found


def holds_steps(
    connection: Connection, run_id: int, file: str, step_min: int, step_max: int
) -> bool:
    """True if a segment may have rows with steps in [step_min, step_max]."""
    statement = select(segments.c.id).where(
        segments.c.run_id == run_id,
        segments.c.file == file,
        segments.c.step_min <= step_max,
        segments.c.step_max >= step_min,
    )
    return connection.execute(statement.limit(1)).first() is not None


def add_segment(
    connection: Connection, values: dict[str, Any], ranges: Sequence[LineRange]
) -> int:
    """Enter a segment (columns of `segments` without `id`) and its lines; its id."""
    result = connection.execute(insert(segments).values(values))
    assert result.inserted_primary_key is not None
    segment_id = int(result.inserted_primary_key[0])
    rows = [
        {
            "segment_id": segment_id,
            "run_id": values["run_id"],
            "file": values["file"],
            "log_id": lines.log_id,
            "first_line": lines.first_line,
            "end_line": lines.end_line,
        }
        for lines in ranges
    ]
    connection.execute(insert(segment_lines), rows)
    return segment_id


def due_for_merging(
    connection: Connection, count_min: int, ended: Sequence[str]
) -> list[tuple[int, str, bool]]:
    """(run, file, whether it ended) that have so many segments of one level.

    Of runs in one of the states `ended`, those with two new ones too.
    """
    over = runs.c.state.in_(ended)
    new_ones = over & (segments.c.level == 0) & (func.count() > 1)
    statement = (
        select(segments.c.run_id, segments.c.file, over.label("over"))
        .join(runs, runs.c.id == segments.c.run_id)
        .group_by(segments.c.run_id, segments.c.file, segments.c.level, runs.c.state)
        .having((func.count() >= count_min) | new_ones)
    )
    rows = connection.execute(statement.distinct())
    return [(row.run_id, row.file, bool(row.over)) for row in rows]


def lines_of(connection: Connection, segment_ids: Sequence[int]) -> list[LineRange]:
    """Lines of these segments, ranges that touch as one."""
    statement = (
        select(
            segment_lines.c.log_id, segment_lines.c.first_line, segment_lines.c.end_line
        )
        .where(segment_lines.c.segment_id.in_(segment_ids))
        .order_by(segment_lines.c.log_id, segment_lines.c.first_line)
    )
    joined: list[LineRange] = []
    for log_id, first, end in connection.execute(statement):
        begin = first
        if joined and joined[-1].log_id == log_id and joined[-1].end_line == first:
            begin = joined.pop().first_line
        joined.append(LineRange(log_id, begin, end))
    return joined


def remove_segments(connection: Connection, segment_ids: Sequence[int]) -> None:
    """Take them out, with their lines; their objects are the caller's."""
    mine = segment_lines.c.segment_id.in_(segment_ids)
    connection.execute(delete(segment_lines).where(mine))
    connection.execute(delete(segments).where(segments.c.id.in_(segment_ids)))
