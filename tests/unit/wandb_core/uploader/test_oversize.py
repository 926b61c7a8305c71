"""Rows that are too long keep their small values."""

import json

from hypothesis import given
from hypothesis import strategies as st
from wandb_core.uploader.oversize import oversize_path, shorten


def test_largest_values_go_first_and_only_as_many_as_needed() -> None:
    row = {"_step": 3, "a": "x" * 3000, "b": "y" * 2000, "c": "z" * 500, "loss": 0.5}

    short = json.loads(shorten(json.dumps(row), 1500, oversize_path(3)))

    assert short["a"] == {"_type": "oversize", "size": 3002, "path": "oversize/3.json"}
    assert short["b"]["_type"] == "oversize"
    assert (short["c"], short["loss"], short["_step"]) == ("z" * 500, 0.5, 3)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=400), max_size=20))
def test_shortening_is_deterministic_and_keeps_every_key(row: dict[str, str]) -> None:
    text = json.dumps(row)

    short = shorten(text, 1000)

    assert short == shorten(text, 1000)
    assert json.loads(short).keys() == row.keys() or "_oversize" in short


def test_non_finite_values_survive() -> None:
    assert '"a":NaN' in shorten('{"a":NaN,"b":"' + "x" * 500 + '"}', 150)


def test_row_of_too_many_small_values_keeps_only_its_step() -> None:
    row = {"_step": 3, **{f"key {n}": n for n in range(1000)}}

    short = json.loads(shorten(json.dumps(row), 1000, oversize_path(3)))

    assert short.keys() == {"_step", "_oversize"}
    assert short["_oversize"]["path"] == "oversize/3.json"
