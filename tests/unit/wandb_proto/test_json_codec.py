"""JSON with bare NaN, Infinity and -Infinity."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb_proto import json_codec

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert json_codec.loads(json_codec.dumps(value)) == value


def test_non_finite_numbers_survive_beside_null() -> None:
    value = {"a": math.nan, "b": [math.inf, -math.inf], "c": None}

    text = json_codec.dumps(value)

    assert text == b'{"a":NaN,"b":[Infinity,-Infinity],"c":null}'
    again = json_codec.loads(text)
    assert math.isnan(again["a"])
    assert again["b"] == [math.inf, -math.inf]


def test_strict_answers_name_non_finite_numbers() -> None:
    text = json_codec.dumps_strict({"a": (math.nan, [math.inf]), "b": -math.inf})

    assert json.loads(text) == {"a": ["NaN", ["Infinity"]], "b": "-Infinity"}


def test_huge_integers_and_lone_surrogates_are_written() -> None:
    assert json_codec.dumps(2**70) == b"1180591620717411303424"
    assert json_codec.loads(json_codec.dumps({"t": "\ud800"})) == {"t": "\ud800"}


def test_garbage_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        json_codec.loads(b'{"a":')
