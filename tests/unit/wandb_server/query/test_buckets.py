"""Bucket arithmetic: pieces reduced and merged equal the whole."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_server.query.buckets import (
    Range,
    SeriesPoints,
    join_points,
    merge_partials,
    reduce_points,
)
from wandb_server.query.sampling import sample_evenly

points = st.lists(
    st.tuples(
        st.floats(-100, 100),
        st.integers(-100, 100).map(float),
        st.sampled_from([0, 0, 1, 2, 3]),
    ),
    max_size=30,
)


def to_points(rows: list[tuple[float, float, int]], first: int) -> SeriesPoints:
    x, value, kind = zip(*rows, strict=True) if rows else ((), (), ())
    return SeriesPoints(
        np.array(x, np.float64),
        np.arange(first, first + len(rows)),
        np.array(value, np.float64),
        np.array(kind, np.uint8),
    )


@settings(max_examples=60, deadline=None)
@given(first=points, second=points, buckets=st.integers(1, 20))
def test_merged_pieces_equal_the_whole(first: list, second: list, buckets: int) -> None:  # type: ignore[type-arg]
    pieces = [to_points(first, 0), to_points(second, len(first))]
    axis = Range(-100.0, 100.0, buckets)

    def reduced(piece: SeriesPoints):  # type: ignore[no-untyped-def]
        joined = join_points([piece])
        return reduce_points(joined, axis.place(joined.x))

    merged = merge_partials([reduced(piece) for piece in pieces])
    whole = reduced(join_points(pieces))

    for name in (
        "bucket",
        "count",
        "nan",
        "positive",
        "negative",
        "minimum",
        "maximum",
    ):
        assert getattr(merged, name).tolist() == getattr(whole, name).tolist()
    for name in ("total", "last", "last_x", "last_row", "x"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))


@given(x=st.floats(allow_nan=False, allow_infinity=False), buckets=st.integers(1, 1000))
def test_every_x_has_a_bucket_even_in_the_widest_range(x: float, buckets: int) -> None:
    widest = Range(-1.7e308, 1.7e308, buckets)
    inside = np.array([max(min(x, 1.7e308), -1.7e308)])
    assert 0 <= widest.place(inside)[0] < buckets
    assert Range(x, x, buckets).place(np.array([x]))[0] == 0


@given(count=st.integers(0, 500), samples=st.integers(0, 500) | st.none())
def test_samples_are_even_and_keep_the_last(count: int, samples: int | None) -> None:
    kept = sample_evenly(count, samples).tolist()

    assert len(kept) == (count if samples is None else min(count, samples))
    assert kept == sorted(set(kept))
    if kept:
        assert kept[-1] == count - 1
        gaps = np.diff([-1, *kept])
        assert gaps.max() - gaps.min() <= 1
