"""Rows as columns: what a table says of them is what they say, or nothing."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb_server.ingest.flat_rows import flatten, join_flat
from wandb_server.model.flat_rows import NAN, NULL, FlatRows


def packed(*rows: Any) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]


def unpacked(rows: FlatRows) -> list[dict[str, Any]]:
    """The rows that the columns say."""
    found: list[dict[str, Any]] = [{"_step": step} for step in rows.step.tolist()]
    for key, column in rows.columns.items():
        codes = [0] * len(found) if column.code is None else column.code.tolist()
        for row, value, code in zip(found, column.values.tolist(), codes, strict=True):
            row[key] = {NULL: None, NAN: math.nan}.get(code, value)
    return found


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@pytest.mark.parametrize(
    "values",
    [
        [0.5, math.inf, -math.inf, math.nan, None],
        [1, -5, None],
        [2**62 + 1, -(2**63), 2**63 - 1],
        [True, False, None],
        ["", "a\0b", "\U0001f600", "NaN", None],
        [None, None],
    ],
)
def test_values_of_one_kind_are_a_column(values: list[Any]) -> None:
    rows = [{"_step": step, "a": value} for step, value in enumerate(values)]

    found = flatten(packed(*rows))

    assert found is not None
    assert same(unpacked(found), rows)


@pytest.mark.parametrize(
    "rows",
    [
        [{"_step": 0, "a": 1}, {"_step": 1}],
        [{"_step": 0, "a": 1}, {"_step": 1, "b": 1}],
        [{"_step": 0, "a": 1}, {"_step": 1, "a": "1"}],
        [{"_step": 0, "a": 1}, {"_step": 1, "a": True}],
        [{"_step": 0, "a": 0.5}, {"_step": 1, "a": 2**31}],
        [{"_step": 0, "a": 2**63}],
        [{"_step": 0, "a": {"b": 1}}],
        [{"_step": 0, "a": []}],
        [{"_step": 0, "a": "\ud800"}],
        [{"a": 1}],
        [{"_step": 0.5, "a": 1}],
        [{"_step": True, "a": 1}],
        [{"_step": -1, "a": 1}],
        [{"_step": 2**53, "a": 1}],
        [{}],
    ],
)
def test_what_a_reader_could_not_tell_apart_is_no_table(rows: list[Any]) -> None:
    assert flatten(packed(*rows)) is None


def test_lines_that_are_no_objects_are_no_rows() -> None:
    found = flatten([b"nothing", b"[1]", b"5", *packed({"_step": 3, "a": 1})])

    assert found is not None
    assert unpacked(found) == [{"_step": 3, "a": 1}]
    nothing = flatten([b"nothing"])
    assert nothing is not None
    assert unpacked(nothing) == []


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)
)


@given(st.lists(st.lists(_VALUES, min_size=1, max_size=4), max_size=4))
def test_pieces_join_to_what_the_whole_is(pieces: list[list[Any]]) -> None:
    """Whether rows are a table does not depend on where they are cut; what the joined
    columns say are the rows.
    """
    values = [value for piece in pieces for value in piece]
    rows = [{"_step": step, "a": value} for step, value in enumerate(values)]
    flat: list[FlatRows] = []
    first = 0
    for piece in pieces:
        found = flatten(packed(*rows[first : first + len(piece)]))
        first += len(piece)
        if found is None:
            assert flatten(packed(*rows)) is None
            return
        flat.append(found)

    joined = join_flat(flat)

    whole = flatten(packed(*rows))
    assert (joined is None) == (whole is None)
    if joined is not None and rows:
        expected = [{"_step": r["_step"], "a": _as_read(r["a"], joined)} for r in rows]
        assert same(unpacked(joined), expected)


def _as_read(value: Any, rows: FlatRows) -> Any:
    """A whole number among others is one of them."""
    is_float = rows.columns["a"].kind == "float"
    return float(value) if is_float and type(value) is int else value
