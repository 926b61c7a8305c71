"""The hand-written record equals what the generated code says, for any input."""

import json
import math
from collections import OrderedDict, defaultdict
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb._encode import (
    DataEncoder,
    LogPrefixes,
    encode_gap,
    encode_log_data,
    encode_log_request,
)
from wandb_proto.v1.record_pb2 import Record

STEPS = st.none() | st.integers(-(2**63), 2**63 - 1)
TIMES = st.floats(allow_nan=False)


@given(data=st.binary(max_size=300), time=TIMES, step=STEPS, commit=st.booleans())
def test_a_log_request_is_parsed_by_the_generated_code(
    data: bytes, time: float, step: int | None, commit: bool
) -> None:
    expected = Record()
    expected.request.log.timestamp = time
    expected.request.log.commit = commit
    expected.request.log.data_json = data
    if step is not None:
        expected.request.log.step = step

    record = Record.FromString(encode_log_request(data, time, step, commit))

    assert record == expected
    assert record.request.log.HasField("step") == (step is not None)


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2**21 - 1, 2**21])
def test_every_length_of_varint_is_right(size: int) -> None:
    record = Record.FromString(encode_log_request(b"x" * size, 1.0, 7, True))

    assert len(record.request.log.data_json) == size
    assert record.request.log.step == 7


def test_a_record_beyond_256_mib_is_refused() -> None:
    with pytest.raises(ValueError, match="record of"):
        LogPrefixes()[1 << 28]


@given(count=st.integers(1, 2**64 - 1), reason=st.text(max_size=200))
def test_a_gap_is_parsed_by_the_generated_code(count: int, reason: str) -> None:
    record = Record.FromString(encode_gap(count, reason))

    assert record.request.gap.record_count == count
    assert record.request.gap.reason == reason


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda k: k != "_step")


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(
            same(left[key], right[key]) for key in left
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right) and type(left) is type(right)


@given(data=st.dictionaries(KEYS, JSON, max_size=6))
def test_plain_data_come_back_equal_nan_included(data: dict[str, Any]) -> None:
    assert same(json.loads(encode_log_data(data)), data)


def test_non_finite_numbers_are_bare_tokens() -> None:
    data = {"a": math.nan, "b": [math.inf, {"c": -math.inf}], "d": None, "e": "null"}

    text = encode_log_data(data)

    assert text == b'{"a":NaN,"b":[Infinity,{"c":-Infinity}],"d":null,"e":"null"}'


def test_none_and_the_word_null_alone_change_nothing() -> None:
    data = {"a": None, "b": "null", "c": [1, None]}

    assert encode_log_data(data) == b'{"a":null,"b":"null","c":[1,null]}'


def test_the_empty_key_and_step_are_dropped_at_the_top_only() -> None:
    data = {"": 1, "_step": 2, "_timestamp": 3.5, "n": {"": 4, "_step": 5}}

    text = encode_log_data(data)

    assert json.loads(text) == {"_timestamp": 3.5, "n": {"": 4, "_step": 5}}


@pytest.mark.parametrize("data", [None, 3, "loss", [1], (("a", 1),), {"a"}])
def test_what_is_no_mapping_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="must be passed a dictionary"):
        encode_log_data(data)


@pytest.mark.parametrize("key", [1, None, 2.5, True, ("a",), b"a"])
def test_a_key_that_is_no_string_is_refused(key: Any) -> None:
    with pytest.raises(
        TypeError, match=r"Key values passed to `wandb.log` must be strings"
    ):
        encode_log_data({"good": 1, key: 1})


def test_nested_keys_become_strings() -> None:
    data = {"n": {1: "a", 2.5: "b", None: "c", (1, 2): {3: 4}}}

    assert json.loads(encode_log_data(data)) == {
        "n": {"1": "a", "2.5": "b", "None": "c", "(1, 2)": {"3": 4}}
    }


class Text(str):
    __slots__ = ()


def test_subclasses_of_plain_types_are_stored_as_these() -> None:
    data = OrderedDict(
        a=defaultdict(int, x=1), b=MappingProxyType({"y": 2}), c=Text("t")
    )
    data[Text("d")] = 4

    assert json.loads(encode_log_data(data)) == {
        "a": {"x": 1}, "b": {"y": 2}, "c": "t", "d": 4,
    }  # fmt: skip


def test_a_lone_surrogate_survives() -> None:
    assert json.loads(encode_log_data({"a": "\ud800"})) == {"a": "\ud800"}


def test_large_values_are_stored_with_one_warning_each() -> None:
    warnings: list[str] = []
    encoder = DataEncoder(warnings.append)
    data = {"big": "x" * 1_100_000, "small": 1}

    first = encoder.encode(data)
    encoder.encode(data)

    assert json.loads(first) == data
    assert len(warnings) == 1
    assert "'big'" in warnings[0]


def test_a_very_large_call_is_told_too() -> None:
    warnings: list[str] = []

    DataEncoder(warnings.append).encode({str(n): "x" * 999_000 for n in range(26)})

    assert len(warnings) == 1
    assert "call" in warnings[0]
