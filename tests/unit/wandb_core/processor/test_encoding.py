import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_core.processor.encoding import (
    history_bytes,
    item_bytes,
    item_heads,
    number_texts,
    path_prefix,
    summary_bytes,
    value_text,
    varint,
)
from wandb_proto.v1 import record_pb2 as pb


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"),
        (1, "1"), (-5, "-5"), (2**63 - 1, "9223372036854775807"),
        (-(2**63), "-9223372036854775808"), (2**70, "1.1805916207174113e+21"),
        (10**400, "Infinity"), (-(10**400), "-Infinity"),
        (1.0, "1"), (-2.0, "-2"), (0.0, "0"), (-0.0, "-0.0"), (0.1, "0.1"),
        (2.0**53, "9007199254740992.0"), (1e300, "1e+300"),
        (True, "true"), (False, "false"), (None, "null"), ("é\n", '"é\\n"'),
        ([1, math.nan, "x"], '[1,NaN,"x"]'), ("\ud83d", '"\\ud83d"'),
        ({"deep": 1}, '{"deep":1}'),
    ],
)  # fmt: skip
def test_text_of_a_value(value: Any, text: str) -> None:
    assert value_text(value).decode() == text


@given(st.lists(st.floats() | st.integers(-(2**70), 2**70), min_size=1))
def test_texts_of_many_numbers_are_those_of_each(values: list[Any]) -> None:
    texts = number_texts(values)

    expected = [value_text(value) for value in values]
    assert texts is None or texts == expected


def test_ordinary_numbers_are_written_at_once() -> None:
    assert number_texts([1, 2.0, -0.0, 0.5]) == [b"1", b"2", b"-0.0", b"0.5"]


@pytest.mark.parametrize("value", [math.nan, -math.inf, 2**63, 2**70])
def test_odd_numbers_are_written_one_by_one(value: Any) -> None:
    assert number_texts([0.5, value]) is None


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False), st.text())
def test_prepared_heads_make_the_same_items(value: Any, key: str) -> None:
    prefix, text = path_prefix([key]), value_text(value)

    assert item_heads(prefix)[len(text)] + text == item_bytes(prefix, text)


@given(st.floats())
def test_floats_come_back_exactly(value: float) -> None:
    back = json.loads(value_text(value))

    # As an integer -0.0 would lose its sign.
    assert struct.pack("d", back) == struct.pack("d", value) or math.isnan(value)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 1 << 20, 1 << 62])
def test_varint_is_read_by_the_generated_code(number: int) -> None:
    assert pb.HistoryStep.FromString(b"\x08" + varint(number)).num == number


rows = st.lists(
    st.tuples(st.lists(st.text(max_size=40), min_size=1, max_size=3), st.text()),
    max_size=5,
)


@settings(deadline=None)
@given(rows, st.integers(1, 1 << 40), st.integers(0, 1 << 62))
def test_records_are_read_by_the_generated_code(
    items: list[tuple[list[str], str]], number: int, step: int
) -> None:
    encoded = [item_bytes(path_prefix(path), text.encode()) for path, text in items]

    row = pb.Record.FromString(history_bytes(number, encoded, step))
    summary = pb.Record.FromString(summary_bytes(number, encoded))

    assert row.num == summary.num == number
    assert row.history.HasField("step")
    assert row.history.step.num == step
    for parsed in (row.history.item, summary.summary.update):
        assert [(list(i.nested_key), i.value_json) for i in parsed] == items


def test_long_items_have_long_lengths() -> None:
    encoded = item_bytes(path_prefix(["k"]), b"1" * 100_000)

    record = pb.Record.FromString(summary_bytes(1, [encoded]))

    assert record.summary.update[0].value_json == "1" * 100_000


def test_surrogates_in_a_key_do_not_break_the_row() -> None:
    encoded = item_bytes(path_prefix(["a\ud800"]), b"1")

    record = pb.Record.FromString(summary_bytes(1, [encoded]))

    assert list(record.summary.update[0].nested_key) == ["a?"]
