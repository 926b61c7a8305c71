"""Merged segments hold what the short ones held, byte for byte."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.history import SeriesQuery
from wandb_server.operations import ArchiveSettings
from wandb_server.operations.merging import choose_group
from wandb_server.storage.catalog import Segment

HISTORY, EVENTS = "wandb-history.jsonl", "wandb-events.jsonl"


async def segments(desk: Any) -> list[tuple[Any, ...]]:
    """(level, rows) of every segment."""
    found: list[tuple[Any, ...]] = await desk.ask(
        "SELECT level, row_count FROM segments ORDER BY run_id, file, first_row"
    )
    return found


def object_files(path: Path) -> list[Path]:
    return [place for place in (path / "objects").rglob("*") if place.is_file()]


async def everything(desk: Any, name: str) -> Any:
    """All that can be read of a run."""
    run = await desk.run(name)
    rows = list(await desk.archive.history_rows(run))
    lines = [line async for line in desk.archive.export_rows(run, HISTORY)]
    events = [line async for line in desk.archive.export_rows(run, EVENTS)]
    series = [
        await desk.archive.series(SeriesQuery("ann", "p", (name,), ("a", "b"), **more))
        for more in ({}, {"buckets": 3}, {"x_axis": "_runtime"}, {"x_axis": "b"})
    ]
    return rows, lines, events, series, await desk.archive.metric_keys(run)


@given(
    # So few that no series is long: buckets of those follow their blocks.
    steps=st.lists(st.integers(0, 400), min_size=60, max_size=380),
    piece=st.integers(11, 60),
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_merging_changes_nothing_that_can_be_read(
    desk: Any, steps: list[int], piece: int
) -> None:
    """Of so few rows that no series is long: buckets of those follow their blocks."""
    name = f"r{len(desk.lines)}"
    desk.lines[name, ""] = 0
    await desk.start(name)
    texts = [
        json.dumps({"_step": step, "_runtime": at / 3, "a": at % 7, "b": at + 0.5})
        if at % 31
        else f'{{"_step": {step}, "a": NaN, "é\\u0000": "\\n"}}'
        for at, step in enumerate(steps)
    ]
    for first in range(0, len(texts), piece):
        lines = tuple(texts[first : first + piece])
        chunks = (FileChunk(HISTORY, first, lines), FileChunk(EVENTS, first, lines))
        await desk.post(name, chunks=chunks)
        await desk.archive.compact()
    before = await everything(desk, name)

    await desk.post(name, complete=True, exit_code=0)
    await desk.archive.compact()
    await desk.archive.compact()

    assert await everything(desk, name) == before
    assert set(before[1]) <= set(texts)
    again = tuple(texts[:piece])
    await desk.post(name, chunks=(FileChunk(HISTORY, 0, again),))
    assert await everything(desk, name) == before


async def test_segments_of_a_long_run_are_merged_in_tiers(
    tmp_path: Path, open_at: Any
) -> None:
    desk = await open_at(tmp_path, tail_rows_max=5, merge_count=4, garbage_age_s=60)
    await desk.start()
    for first in range(0, 126, 6):
        await desk.log(*({"_step": first + s, "a": math.nan} for s in range(6)))
        await desk.archive.compact()
    assert await segments(desk) == [(2, 96), (1, 24), (0, 6)]
    kept = len(await desk.objects())

    desk.clock.now += 61
    await desk.archive.compact()

    assert len(await desk.objects()) == 3 * 2 < kept
    await desk.log({"_step": 126})
    await desk.post(complete=True, exit_code=0)
    await desk.archive.compact()
    assert await segments(desk) == [(2, 96), (1, 24), (1, 7)]
    await desk.archive.close()


async def test_keys_that_no_file_can_hold_are_compacted_and_merged(desk: Any) -> None:
    keys = ("\ud800", "\0x", "", "é", "\U0001f600")
    await desk.start()
    for first in (0, 10):
        rows = ({"_step": first + s, **dict.fromkeys(keys, s)} for s in range(10))
        await desk.log(*rows)
        await desk.archive.compact()
    await desk.post(complete=True)
    for _ in range(2):
        found = await desk.archive.series(SeriesQuery("ann", "p", ("r1",), keys))
        assert [(one.key, one.point_count) for one in found] == [(k, 20) for k in keys]
        await desk.archive.compact()
    assert await segments(desk) == [(1, 20)]


@pytest.mark.usefixtures("embedded_only")
async def test_a_damaged_segment_keeps_no_other_run_from_being_merged(
    tmp_path: Path, open_at: Any
) -> None:
    desk = await open_at(tmp_path, tail_rows_max=5, merge_count=2)
    for name in ("r1", "r2"):
        await desk.start(name)
        await desk.log(*({"_step": s} for s in range(5)), name=name)
    await desk.archive.compact()
    damaged = min(p for p in object_files(tmp_path) if p.suffix == ".rows")
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"?" * 9)
    for name in ("r1", "r2"):
        await desk.log(*({"_step": s} for s in range(5, 10)), name=name)

    await desk.archive.compact()

    assert sorted(await segments(desk)) == [(0, 5), (0, 5), (1, 10)]
    await desk.archive.close()


@pytest.mark.usefixtures("embedded_only")
async def test_files_that_no_table_knows_are_swept_up_when_old(
    tmp_path: Path, open_at: Any
) -> None:
    desk = await open_at(tmp_path, tail_rows_max=5)
    await desk.start()
    await desk.log(*({"_step": s} for s in range(5)))
    await desk.archive.compact()
    known = set(object_files(tmp_path))
    strays = [tmp_path / "objects" / "0" / name for name in ("ff.rows", "1.rows#1")]
    fresh = tmp_path / "objects" / "0" / "fe.rows"
    for path in (*strays, fresh):
        path.write_bytes(b"x")
    now = fresh.stat().st_mtime
    for path in strays:
        os.utime(path, (now - 4000, now - 4000))

    desk.clock.now = now
    await desk.archive.compact()

    assert set(object_files(tmp_path)) == known | {fresh}
    await desk.archive.close()


def segment(number: int, level: int, rows: int = 10) -> Segment:
    return Segment(
        id=number,
        run_id=1,
        file=HISTORY,
        first_row=number,
        end_row=number + 1,
        row_count=rows,
        step_min=0,
        step_max=0,
        in_order=True,
        rows_object=1,
        series_object=None,
        blocks_object=None,
        point_count=0,
        level=level,
    )


@pytest.mark.parametrize(
    ("levels", "rows", "ended", "expected"),
    [
        ([0] * 15, 10, False, 0),
        ([0] * 16, 10, False, 16),
        ([1] * 3 + [0] * 17, 10, False, 16),
        ([1] * 3 + [0] * 5, 10, False, 0),
        ([1] * 3 + [0] * 5, 10, True, 5),
        ([1] * 3 + [0], 10, True, 0),
        ([1] * 15, 10, True, 0),
        ([0] * 16, 100_000, False, 5),
        ([0] * 16, 300_000, False, 0),
        ([0] * 16, 300_000, True, 0),
    ],
)
def test_groups_are_neighbours_within_the_limits(
    levels: list[int], rows: int, ended: bool, expected: int
) -> None:
    found = [segment(at, level, rows) for at, level in enumerate(levels)]

    group = choose_group(found, ended, ArchiveSettings())

    assert len(group) == expected
    assert len({s.level for s in group}) <= 1
