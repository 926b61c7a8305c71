"""Answers are JSON that strict parsers read."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st
from wandb_server.strict_json import encode, strict

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner)
    ),
    max_leaves=20,
)


def refuse(token: str) -> None:
    raise AssertionError(f"bare {token}")


@given(VALUES)
def test_no_bare_nan_is_ever_written(value: object) -> None:
    json.loads(encode(strict(value)), parse_constant=refuse)


def test_non_finite_numbers_are_named() -> None:
    values = strict([math.nan, math.inf, (-math.inf, {"a": math.nan}), 1.5])

    assert values == ["NaN", "Infinity", ["-Infinity", {"a": "NaN"}], 1.5]


def test_huge_integers_survive() -> None:
    assert json.loads(encode({"n": 2**80})) == {"n": 2**80}
