"""Charts of long runs: blocks of 64 points stand for points, and hide none."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.history import Series, SeriesQuery

HISTORY = "wandb-history.jsonl"
Row = dict[str, Any]


def rows_of(seed: int, count: int) -> list[Row]:
    """Rows whose steps mostly go up, with gaps, repeats, NaN and infinities."""
    chance = np.random.default_rng(seed)
    step = np.cumsum(chance.integers(0, 3, count))
    if seed % 3 == 0:  # a resumed run went over some of its steps again
        step[count // 2 :] -= chance.integers(0, 1 + int(step[-1]) // 2)
    special = [math.nan, math.inf, -math.inf]
    rows = []
    for at in range(count):
        row: Row = {"_step": int(step[at]), "_runtime": at / 7, "b": at}
        if seed % 2 and chance.random() < 0.02:
            row["_runtime"] = chance.random() * count
        if chance.random() < 0.9:
            value = chance.normal()
            row["a"] = special[at % 3] if chance.random() < 0.05 else float(value)
        rows.append(row)
    return rows


def in_range(
    rows: list[Row], key: str, query: SeriesQuery
) -> list[tuple[float, float]]:
    low = -math.inf if query.x_min is None else query.x_min
    high = math.inf if query.x_max is None else query.x_max
    return [
        (row[query.x_axis], row[key])
        for row in rows
        if key in row and low <= row[query.x_axis] <= high
    ]


def check(series: Series, points: list[tuple[float, float]], buckets: int) -> None:
    values = [value for _, value in points]
    finite = [value for value in values if math.isfinite(value)]
    assert series.point_count == sum(series.count) == len(points)
    assert len(series.x) <= max(buckets, 1)
    assert list(series.x) == sorted(series.x)
    assert series.x[-1] == max(x for x, _ in points)
    assert sum(series.nan_count) == sum(map(math.isnan, values))
    assert sum(series.positive_infinity_count) == values.count(math.inf)
    assert sum(series.negative_infinity_count) == values.count(-math.inf)
    assert min(v for v in series.minimum if v is not None) == min(finite)
    assert max(v for v in series.maximum if v is not None) == max(finite)
    counts = [
        sum(parts) - nan - plus - minus
        for parts, nan, plus, minus in zip(
            ((count,) for count in series.count),
            series.nan_count,
            series.positive_infinity_count,
            series.negative_infinity_count,
            strict=True,
        )
    ]
    total = sum((m or 0) * n for m, n in zip(series.mean, counts, strict=True))
    assert total == pytest.approx(math.fsum(finite), abs=1e-6)


@pytest.fixture
async def long_run(desk: Any) -> Callable[..., Any]:
    """Posts rows to a run of its own, cut into segments and a tail."""
    count = 0

    async def write(rows: list[Row], cuts: list[int]) -> str:
        nonlocal count
        count += 1
        name, first = f"r{count}", 0
        await desk.start(name)
        for cut in [*sorted(cuts), len(rows)]:
            texts = tuple(json.dumps(row) for row in rows[first:cut])
            if not texts:
                continue
            chunk = FileChunk(HISTORY, first, texts)
            await desk.post(name, chunks=(chunk,), complete=cut < len(rows))
            await desk.archive.compact() if cut < len(rows) else None
            first = cut
        return name

    return write


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(200, 1000),
    cuts=st.lists(st.integers(0, 900), min_size=1, max_size=3),
    buckets=st.integers(1, 6),
    x_axis=st.sampled_from(["_step", "_runtime"]),
    window=st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_every_point_is_in_exactly_one_bucket(
    desk: Any,
    long_run: Any,
    seed: int,
    count: int,
    cuts: list[int],
    buckets: int,
    x_axis: str,
    window: tuple[float, float] | None,
) -> None:
    rows = rows_of(seed, count)
    name = await long_run(rows, cuts)
    end = max(row[x_axis] for row in rows)
    low, high = (None, None) if window is None else sorted(w * end for w in window)
    query = SeriesQuery(
        "ann", "p", (name,), ("a", "b", "missing"), x_axis, low, high, buckets
    )

    for _ in range(2):  # once from the files, once from memory
        answer = {one.key: one for one in await desk.archive.series(query)}

        for key in query.keys:
            points = in_range(rows, key, query)
            assert (key in answer) == bool(points)
            finite = [value for _, value in points if math.isfinite(value)]
            if finite:
                check(answer[key], points, max(buckets, min(len(points), buckets)))
