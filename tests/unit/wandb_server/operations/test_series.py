"""Series against a reference that does it the slow, obvious way."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_server.errors import QueryError
from wandb_server.model.history import Series, SeriesQuery

numbers = st.one_of(
    st.floats(-1e6, 1e6),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0]),
    st.integers(-1000, 1000),
    st.booleans(),
)
rows = st.lists(
    st.fixed_dictionaries(
        {"_step": st.integers(0, 60), "_runtime": st.floats(0, 100)},
        optional={
            "a": numbers,
            "n": st.fixed_dictionaries({"b": numbers}),
            "t": st.text(),
        },
    ),
    max_size=60,
    # A row equal to a stored one of the same step is dropped on purpose.
    unique_by=lambda row: (row["_step"], row["_runtime"]),
)


def value_of(row: dict[str, Any], key: str) -> Any:
    return row.get("n", {}).get("b") if key == "n.b" else row.get(key)


def points_of(
    logged: Sequence[dict[str, Any]], key: str, query: SeriesQuery
) -> list[tuple[float, int, float]]:
    """(x, order of arrival, value) in range, by x."""
    found = []
    for order, row in enumerate(logged):
        x, value = value_of(row, query.x_axis), value_of(row, key)
        if x is None or value is None or not math.isfinite(x):
            continue
        if query.x_min is not None and x < query.x_min:
            continue
        if query.x_max is not None and x > query.x_max:
            continue
        found.append((float(x), order, float(value)))
    return sorted(found)


def reference(
    groups: list[list[tuple[float, int, float]]], run: str, key: str
) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "x",
            "last",
            "minimum",
            "maximum",
            "mean",
            "count",
            "nan",
            "+",
            "-",
        )
    }
    for group in groups:
        values = [value for _, _, value in group]
        finite = [value for value in values if math.isfinite(value)]
        columns["x"].append(group[-1][0])
        columns["last"].append(finite[-1] if finite else None)
        columns["minimum"].append(min(finite) if finite else None)
        columns["maximum"].append(max(finite) if finite else None)
        columns["mean"].append(math.fsum(finite) / len(finite) if finite else None)
        columns["count"].append(len(values))
        columns["nan"].append(sum(map(math.isnan, values)))
        columns["+"].append(values.count(math.inf))
        columns["-"].append(values.count(-math.inf))
    return columns


def check(answer: Series, points: list[tuple[float, int, float]], groups: Any) -> None:
    expected = reference(groups, answer.run, answer.key)
    assert answer.point_count == len(points)
    assert list(answer.x) == expected["x"]
    assert list(answer.last) == expected["last"]
    assert list(answer.minimum) == expected["minimum"]
    assert list(answer.maximum) == expected["maximum"]
    assert list(answer.count) == expected["count"]
    assert list(answer.nan_count) == expected["nan"]
    assert list(answer.positive_infinity_count) == expected["+"]
    assert list(answer.negative_infinity_count) == expected["-"]
    for mean, wanted in zip(answer.mean, expected["mean"], strict=True):
        assert mean == (None if wanted is None else pytest.approx(wanted, abs=1e-6))


def group(
    points: list[tuple[float, int, float]], low: float, high: float, buckets: int
) -> list[list[tuple[float, int, float]]]:
    if len(points) <= buckets:
        return [[point] for point in points]
    found: dict[int, list[tuple[float, int, float]]] = {}
    for point in points:
        place = 0
        if high > low:
            share = (point[0] / 2 - low / 2) / (high / 2 - low / 2)
            place = min(int(share * buckets), buckets - 1)
        found.setdefault(place, []).append(point)
    return [found[place] for place in sorted(found)]


@pytest.fixture
async def asked(desk: Any) -> Callable[..., Any]:
    """Posts rows to a run of its own, part of them compacted; asks and checks."""
    count = 0

    async def ask(
        runs: list[list[dict[str, Any]]], compacted: int, **values: Any
    ) -> list[Series]:
        nonlocal count
        names = []
        for logged in runs:
            count += 1
            names.append(f"r{count}")
            await desk.start(names[-1])
            parts = (logged[:compacted], logged[compacted:])
            for index, part in enumerate(parts):
                await desk.log(*part, name=names[-1], log_id=f"log{index}")
                await desk.post(names[-1], complete=index == 0)
                await desk.archive.compact()
        query = SeriesQuery("ann", "p", tuple(names), ("a", "n.b"), **values)
        answer = list(await desk.archive.series(query))
        every = {
            (name, key): points_of(logged, key, query)
            for name, logged in zip(names, runs, strict=True)
            for key in query.keys
        }
        edges = [point[0] for points in every.values() for point in points] or [0.0]
        low = min(edges) if query.x_min is None else query.x_min
        high = max(edges) if query.x_max is None else query.x_max
        assert [(s.run, s.key) for s in answer] == [p for p in every if every[p]]
        for one in answer:
            points = every[one.run, one.key]
            check(one, points, group(points, low, high, query.buckets))
        return answer

    return ask


@given(
    logged=st.lists(rows, min_size=1, max_size=2),
    compacted=st.integers(0, 60),
    buckets=st.integers(1, 40),
    x_axis=st.sampled_from(["_step", "_runtime", "a"]),
    window=st.none() | st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_series_equal_the_reference(
    asked: Any, logged: Any, compacted: int, buckets: int, x_axis: str, window: Any
) -> None:
    """Any rows, any cut between segments and tail, any axis, range and bucket count."""
    x_min, x_max = (None, None) if window is None else sorted(map(float, window))

    await asked(
        logged, compacted, buckets=buckets, x_axis=x_axis, x_min=x_min, x_max=x_max
    )


async def test_a_spike_and_a_nan_survive_any_reduction(desk: Any) -> None:
    await desk.start()
    logged = [{"_step": s, "a": 1.0} for s in range(5000)]
    logged[3210]["a"] = 1e9
    logged[17]["a"] = math.nan
    await desk.log(*logged)
    await desk.archive.compact()

    [series] = await desk.archive.series(
        SeriesQuery("ann", "p", ("r1",), ("a", "missing"), buckets=10)
    )

    assert max(v for v in series.maximum if v is not None) == 1e9
    assert (sum(series.nan_count), series.point_count, len(series.x)) == (1, 5000, 10)


async def test_strings_and_media_are_keys_but_no_series(desk: Any) -> None:
    await desk.start()
    image = {"_type": "image-file", "path": "x.png"}
    logged = [
        {"_step": s, "s": "x", "i": image, "l": [s], "b": True} for s in range(20)
    ]
    await desk.log(*logged)
    for _ in range(2):
        keys = {k.key: k for k in await desk.archive.metric_keys(await desk.run())}
        assert {name: dict(key.types) for name, key in keys.items()} == {
            "_step": {"number": 20},
            "s": {"string": 20},
            "i": {"image-file": 20},
            "l": {"list": 20},
            "b": {"number": 20},
        }
        assert keys["_step"].monotonic
        assert (keys["_step"].last, keys["i"].last, keys["l"].last) == (19, image, [19])
        answer = await desk.archive.series(
            SeriesQuery("ann", "p", ("r1",), ("s", "i", "l", "b"))
        )
        assert [(s.key, s.last[0]) for s in answer] == [("b", 1.0)]
        await desk.archive.compact()


async def test_project_keys_are_the_union_of_the_runs(desk: Any) -> None:
    for name, key in (("r1", "a"), ("r2", "b")):
        await desk.start(name)
        await desk.log({"_step": 0, "both": 1, key: 2}, name=name)

    every = await desk.archive.project_metric_keys("ann", "p", [])
    one = await desk.archive.project_metric_keys("ann", "p", ["r2"])

    assert {(k.key, k.run_count) for k in every} == {
        ("_step", 2),
        ("both", 2),
        ("a", 1),
        ("b", 1),
    }
    assert [k.key for k in one] == ["_step", "b", "both"]


async def test_tail_is_parsed_once_and_new_rows_are_seen(desk: Any) -> None:
    await desk.start()
    query = SeriesQuery("ann", "p", ("r1",), ("a",))
    for step in range(8):
        await desk.log({"_step": step, "a": step})
        [series] = await desk.archive.series(query)
        assert series.x == tuple(map(float, range(step + 1)))


async def test_no_runs_have_no_series(desk: Any) -> None:
    await desk.start()
    await desk.log({"_step": 0, "a": 1})

    assert await desk.archive.series(SeriesQuery("ann", "p", (), ("a",))) == ()


@pytest.mark.parametrize(
    "values", [{"buckets": 0}, {"buckets": 10**6}, {"x_min": math.nan}]
)
async def test_questions_beyond_the_limits_are_refused(desk: Any, values: Any) -> None:
    await desk.start()
    with pytest.raises(QueryError):
        await desk.archive.series(SeriesQuery("ann", "p", ("r1",), ("a",), **values))


async def test_what_was_compacted_is_there_after_reopening(
    tmp_path: Path, open_at: Any
) -> None:
    desk = await open_at(tmp_path, tail_rows_max=10)
    await desk.start()
    await desk.log(*({"_step": s, "a": s} for s in range(25)))
    await desk.archive.compact()
    await desk.archive.close()

    again = await open_at(tmp_path)
    [series] = await again.archive.series(SeriesQuery("ann", "p", ("r1",), ("a",)))
    rows = await again.archive.history_rows(await again.run())
    await again.archive.close()

    assert (series.point_count, len(rows)) == (25, 25)
