"""Blocks against the slow, obvious way."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_server.ingest.blocks import SortedPoints, sum_blocks


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 200), min_size=1, max_size=5),
    first=st.integers(0, 300),
    seed=st.integers(0, 2**32),
)
def test_blocks_add_up_to_their_points(
    counts: list[int], first: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    n = sum(counts)
    kind = chance.choice([0, 0, 0, 1, 2, 3], n).astype(np.uint8)
    runtime = np.sort(chance.random(n)) if seed % 2 else chance.random(n)
    runtime[chance.random(n) < 0.01] = math.nan
    step = np.concatenate([np.sort(chance.integers(0, 99, count)) for count in counts])
    value = chance.normal(size=n)
    points = SortedPoints(
        np.array(counts), step, np.arange(n), runtime, runtime, value, kind
    )

    blocks = sum_blocks(points, first)

    key = np.repeat(np.arange(len(counts)), counts)
    names = list(
        zip(key.tolist(), ((first + np.arange(n)) // 64).tolist(), strict=True)
    )
    expected = sorted(set(names))
    got_keys = np.repeat(np.arange(len(counts)), blocks.counts)
    columns = blocks.columns
    assert list(zip(got_keys, columns["block"], strict=True)) == expected
    for at, name in enumerate(expected):
        mine = [place for place in range(n) if names[place] == name]
        finite = [place for place in mine if kind[place] == 0]
        assert columns["count"][at] == len(mine)
        for number, column in enumerate(("nan", "positive", "negative"), 1):
            assert columns[column][at] == sum(kind[place] == number for place in mine)
        assert columns["minimum"][at] == min(value[finite], default=math.inf)
        assert columns["maximum"][at] == max(value[finite], default=-math.inf)
        np.testing.assert_allclose(columns["total"][at], value[finite].sum(), atol=1e-9)
        assert columns["row"][at] == (finite[-1] if finite else -1)
        assert columns["step_first"][at] == step[mine[0]]
        assert columns["step_last"][at] == step[mine[-1]]
        x = runtime[mine]
        usable = np.isfinite(x).all() and np.all(np.diff(x) >= 0)
        assert np.isnan(columns["runtime_first"][at]) != usable
        if usable:
            assert columns["runtime_last"][at] == x[-1]
        if finite:
            assert columns["last"][at] == value[finite[-1]]
            np.testing.assert_equal(columns["runtime_newest"][at], runtime[finite[-1]])


def test_no_points_are_no_blocks() -> None:
    nothing = np.empty(0)
    whole = nothing.astype(np.int64)

    blocks = sum_blocks(
        SortedPoints(whole, whole, whole, nothing, nothing, nothing, whole)  # type: ignore[arg-type]
    )

    assert (len(blocks.counts), blocks.columns) == (0, {})
