"""Section 6 of the step semantics: derived and explicit values."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from wandb_proto.v1 import record_pb2 as pb

from tests.support.run_calls import (
    Played,
    comparable,
    exiting,
    log_call,
    play,
    play_each,
    set_summary,
)


def test_last_value_wins_and_none_is_ignored() -> None:
    played = play(log_call({"a": 1, "b": 1}), log_call({"a": 2, "b": None}))

    assert played.summary == {"a": 2, "b": 1}
    assert played.processor.summary()["_step"] == 1


def test_batch_has_one_derived_summary_before_its_carrier() -> None:
    played = play(*(log_call({"a": number}) for number in range(50)))

    kinds = [record.WhichOneof("record_type") for record in played.log]
    assert kinds == ["header", "run", *["history"] * 50, "summary", "summary"]
    items = {tuple(i.nested_key): i.value_json for i in played.log[-2].summary.update}
    assert items == {
        ("a",): "49", ("_step",): "49", ("_timestamp",): "1000.5", ("_runtime",): "0.5",
        ("_wandb", "runtime"): "0",
    }  # fmt: skip
    assert played.log[-1].summary.HasField("carrier")


def test_batch_without_rows_has_no_derived_summary() -> None:
    played = play(log_call({"a": 1}, None, False))

    assert [r.WhichOneof("record_type") for r in played.log] == [
        "header",
        "run",
        "summary",
    ]


@pytest.mark.parametrize("how", [play, play_each])
def test_objects_merge_leaf_by_leaf_and_scalars_replace_them(
    how: Callable[..., Played],
) -> None:
    rows: list[dict[str, Any]] = [
        {"n": {"a": 1, "b": 2}}, {"n": {"a": 3}}, {"m": {"x": 1}}, {"m": 5}, {"k": 5},
        {"k": {"a": 1}}, {"z": {"a": 1, "b": 2}}, {"z": 5}, {"z": {"a": 9}},
    ]  # fmt: skip
    played = how(*(log_call(row) for row in rows))

    assert played.summary == {
        "n": {"a": 3, "b": 2}, "m": 5, "k": {"a": 1}, "z": {"a": 9},
    }  # fmt: skip


def test_derived_nan_is_kept() -> None:
    played = play(log_call({"a": math.nan, "b": -math.inf}))

    assert comparable(played.summary) == {"a": "NaN", "b": -math.inf}


@pytest.mark.parametrize("how", [play, play_each])
def test_explicit_and_derived_values_win_in_the_order_of_the_calls(
    how: Callable[..., Played],
) -> None:
    played = how(
        log_call({"a": 1, "b": 1, "c": {"x": 1}}),
        set_summary("a", value="explicit"),
        set_summary("c", "x", value="explicit"),
        set_summary("d", value={"k": [1]}),
        log_call({"b": 2}),
        set_summary("e", value=1),
        set_summary("b", remove=True),
        log_call({"e": 5}),
    )

    expected = {"a": "explicit", "c": {"x": "explicit"}, "d": {"k": [1]}, "e": 5}
    assert played.summary == expected
    summary = played.processor.summary()
    assert {key: summary[key] for key in expected} == expected
    assert summary["_step"] == 2


def test_explicit_null_takes_the_key_away() -> None:
    assert play(log_call({"a": 1}), set_summary("a", value=None)).summary == {}


def test_update_inside_of_an_object_keeps_its_siblings_for_every_reader() -> None:
    """Official readers replace an object that was set whole: it is logged complete."""
    played = play_each(
        set_summary("z", value={"a": {"b": 1}, "s": 1}),
        set_summary("z", "a", "c", value=2),
        set_summary("z", "s", remove=True),
    )

    assert played.summary == {"z": {"a": {"b": 1, "c": 2}}}
    assert played.log[5].summary.update[0].key == "z"
    assert played.log[5].summary.update[0].value_json == '{"a":{"b":1,"c":2},"s":1}'
    assert played.log[7].summary.update[0].key == "z"
    assert list(played.log[7].summary.remove) == []


def test_update_inside_of_an_object_of_the_same_record() -> None:
    record = set_summary("z", value={"a": 1})
    record.summary.update.add(nested_key=["z", "b"], value_json="2")
    record.summary.update.add(nested_key=["n", "x"], value_json='{"p":1}')
    record.summary.update.add(nested_key=["n", "x", "q"], value_json="2")
    record.summary.update.add(nested_key=["t", "y"], value_json="5")
    record.summary.update.add(nested_key=["t", "y", "q"], value_json="6")
    record.summary.remove.add(nested_key=["n", "x", "p"])
    record.summary.remove.add(nested_key=["none", "such"])

    played = play(record)

    assert played.summary == {
        "z": {"a": 1, "b": 2}, "n": {"x": {"q": 2}}, "t": {"y": {"q": 6}},
    }  # fmt: skip


def test_summary_is_read_between_batches() -> None:
    played = play(log_call({"a": 1}))
    played.processor.apply("s", 3, log_call({"a": 2, "n": {"x": math.inf}}))

    summary = played.processor.summary()

    assert summary["a"] == 2
    assert summary["n"] == {"x": math.inf}
    assert summary["_step"] == 1


def test_exit_leaves_whole_seconds() -> None:
    output, stats = pb.Record(), pb.Record()
    output.output_raw.timestamp.seconds = 1009
    stats.stats.timestamp.seconds = 1007

    played = play(log_call({"a": 1}, timestamp=1003.7), output, stats, exiting())

    summary = played.processor.summary()
    assert summary["_wandb"] == {"runtime": 9}
    assert summary["_runtime"] == 9
    assert summary["_timestamp"] == 1003.7


def test_exit_record_knows_the_runtime_better() -> None:
    end = exiting()
    end.exit.runtime = 42

    assert play(end).processor.summary() == {"_wandb": {"runtime": 42}, "_runtime": 42}
