"""Section 1 and 2 of the step semantics, row by row."""

import math
from typing import Any

import pytest
from wandb_core.processor import RunProcessor
from wandb_proto.v1 import record_pb2 as pb

from tests.support.run_calls import Played, exiting, log_call, opening, play, play_each

Call = tuple[Any, ...]
Rows = list[tuple[int, dict[str, Any]]]

TABLE: list[tuple[str, list[Call], Rows, int, int]] = [
    # what, calls (data, step, commit), rows, current step afterwards, refused
    ("log commits", [({"a": 1},), ({"a": 2},)], [(0, {"a": 1}), (1, {"a": 2})], 2, 0),
    ("commit=True commits", [({"a": 1}, None, True)], [(0, {"a": 1})], 1, 0),
    ("commit=False merges only", [({"a": 1}, None, False)], [], 0, 0),
    (
        "commit=False, then log",
        [({"a": 1}, None, False), ({"b": 2},)],
        [(0, {"a": 1, "b": 2})],
        1,
        0,
    ),
    ("the current step merges only", [({"a": 1}, 0)], [], 0, 0),
    (
        "a later step commits the open row",
        [({"a": 1}, 0), ({"b": 2}, 5)],
        [(0, {"a": 1})],
        5,
        0,
    ),
    ("a later step without open row", [({"b": 2}, 5)], [], 5, 0),
    (
        "an earlier step is refused",
        [({"a": 1}, 3, True), ({"b": 1}, 3), ({"b": 1}, 2, True), ({"b": 1}, 0, False)],
        [(3, {"a": 1})],
        4,
        3,
    ),
    ("step with commit=True", [({"a": 1}, 7, True)], [(7, {"a": 1})], 8, 0),
    (
        "step with commit=True commits the open row too",
        [({"a": 1}, 3), ({"b": 1}, 7, True)],
        [(3, {"a": 1}), (7, {"b": 1})],
        8,
        0,
    ),
    ("step with commit=False", [({"a": 1}, 7, False)], [], 7, 0),
    (
        "log without step lands on the open step",
        [({"a": 1}, 5), ({"b": 2},)],
        [(5, {"a": 1, "b": 2})],
        6,
        0,
    ),
    ("an empty row is a row", [({},), ({}, None, True)], [(0, {}), (1, {})], 2, 0),
    ("a later step does not commit an empty row", [({}, 3), ({}, 9)], [], 9, 0),
    ("a negative step is refused", [({"a": 1}, -1)], [], 0, 1),
    ("large steps", [({"a": 1}, 10**12, True)], [(10**12, {"a": 1})], 10**12 + 1, 0),
    (
        "the worked example",
        [
            ({"a": 0},), ({"b": 0}, 0), ({"c": 5}, 5), ({"d": 5}, 5),
            ({"e": "nostep"},),
            ({"f": 6},), ({"g": 10}, 10, True), ({"h": 10}, 10), ({"i": 11}, 11, False),
            ({"j": 1}, None, False), ({"k": 1}, None, True), ({}, None, True),
            ({"l": 1}, None, False),
        ],
        [
            (0, {"a": 0}), (5, {"c": 5, "d": 5, "e": "nostep"}), (6, {"f": 6}),
            (10, {"g": 10}), (11, {"i": 11, "j": 1, "k": 1}), (12, {}),
        ],
        13,
        2,
    ),
]  # fmt: skip

MERGES: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([{"n": {"a": 1}}, {"n": {"b": 2}}], {"n": {"a": 1, "b": 2}}),
    ([{"n": {"a": 1}}, {"n.a": 3}], {"n": {"a": 1}, "n.a": 3}),
    ([{"x": 1}, {"x": 2}], {"x": 2}),
    ([{"n": 1}, {"n": {"a": 1}}], {"n": {"a": 1}}),
    ([{"n": {"a": 1}}, {"n": 1}], {"n": 1}),
    (
        [{"h": {"_type": "hist", "v": [1]}}, {"h": {"_type": "hist", "v": [2]}}],
        {"h": {"_type": "hist", "v": [2]}},
    ),
    ([{"n": {"a": {"b": {"c": 1}}}}, {"n": {"a": {"b": {"d": 2}}}}],
     {"n": {"a": {"b": {"c": 1, "d": 2}}}}),
    ([{"n": {}}, {"e": {"f": {}}}], {}),
    ([{"l": [{"a": 1}]}, {"l": [{"b": 1}]}], {"l": [{"b": 1}]}),
    ([{"": 1, "n": {"": 2}}], {"n": {"": 2}}),
    ([{"_other": 1}], {"_other": 1}),
    ([{"a": None, "b": [None]}], {"a": None, "b": [None]}),
]  # fmt: skip


@pytest.mark.parametrize("by_one", [False, True], ids=["one batch", "many batches"])
@pytest.mark.parametrize(
    ("what", "calls", "rows", "step", "refused"), TABLE, ids=[row[0] for row in TABLE]
)
def test_table_of_calls(
    by_one: bool, what: str, calls: list[Call], rows: Rows, step: int, refused: int
) -> None:
    played = (play_each if by_one else play)(*(log_call(*call) for call in calls))

    assert played.user_rows == rows, what
    assert played.processor.step == step
    assert played.processor.refused_rows == refused
    assert played.log[-1].summary.carrier.refused_rows == refused


@pytest.mark.parametrize("by_one", [False, True], ids=["one batch", "many batches"])
@pytest.mark.parametrize(("parts", "row"), MERGES)
def test_table_of_merges(
    by_one: bool, parts: list[dict[str, Any]], row: dict[str, Any]
) -> None:
    calls = [log_call(part, None, False) for part in parts]

    played = (play_each if by_one else play)(*calls, log_call({}))

    assert played.user_rows == [(0, row)]


def test_finish_commits_the_open_row() -> None:
    played = play(log_call({"a": 1}, None, False), exiting(3))

    assert played.user_rows == [(0, {"a": 1})]
    assert played.processor.exited
    kinds = [record.WhichOneof("record_type") for record in played.log]
    assert kinds == [
        "header",
        "run",
        "history",
        "summary",
        "summary",
        "exit",
        "summary",
    ]


def test_finish_without_open_row_adds_none() -> None:
    assert play(log_call({"a": 1}), exiting()).user_rows == [(0, {"a": 1})]


def test_open_row_waits_in_the_carriers() -> None:
    played = play_each(
        log_call({"a": 1}, 3), log_call({"b": 2}, 3), log_call({"c": 3}, 5),
        log_call({"d": 4}, None, True),
    )  # fmt: skip

    parts = [
        [(part.step, part.data_json) for part in record.summary.carrier.open_part]
        for record in played.log
        if record.summary.HasField("carrier")
    ]
    assert parts == [[], [(3, b'{"a":1}')], [(3, b'{"b":2}')], [(5, b'{"c":3}')], []]


def test_every_row_has_step_timestamp_and_runtime() -> None:
    played = play(log_call({"a": 1}, timestamp=1010.25))

    assert played.rows == [
        {"_step": 0, "_timestamp": 1010.25, "_runtime": 10.25, "a": 1}
    ]
    assert played.log[2].history.step.num == 0
    assert play(log_call({}, 300, True)).log[2].history.step.num == 300


def test_row_has_the_time_of_its_last_call() -> None:
    played = play(
        log_call({"a": 1}, None, False, timestamp=1001.0),
        log_call({"b": 1}, timestamp=1003.0),
    )

    assert played.rows[0]["_timestamp"] == 1003
    assert played.rows[0]["_runtime"] == 3


def test_timestamp_among_the_data_is_used() -> None:
    played = play(
        log_call({"a": 1, "_timestamp": 77.5}, None, False), log_call({"b": 1}),
        log_call({"_timestamp": "text"}), log_call({"_timestamp": True}),
        log_call({"_timestamp": 1e300}),
    )  # fmt: skip

    assert [row["_timestamp"] for row in played.rows] == [77.5] + [1000.5] * 3
    assert played.rows[0]["_runtime"] == 0.5


def test_time_that_is_none_is_the_start_of_the_run() -> None:
    played = play(log_call({"a": 1}, timestamp=math.nan))

    assert played.rows == [{"_step": 0, "_timestamp": 1000, "_runtime": 0, "a": 1}]


def test_reserved_keys_among_the_data_are_dropped() -> None:
    played = play(log_call({"_step": 99, "_runtime": 99, "a": 1}))

    assert played.rows == [{"_step": 0, "_timestamp": 1000.5, "_runtime": 0.5, "a": 1}]


def test_resumed_run_starts_where_the_server_says() -> None:
    processor = RunProcessor("abc", "1.0.0")
    played = Played(processor).play(
        opening(starting_step=11, runtime=100),
        log_call({"a": 1}, 5),
        log_call({"a": 1}),
    )

    assert played.user_rows == [(11, {"a": 1})]
    assert played.rows[0]["_runtime"] == 100.5
    assert processor.refused_rows == 1


OUT_OF_ORDER: list[tuple[list[Call], Rows, int]] = [
    # calls, rows, current step afterwards
    ([({"a": 5}, 5, True), ({"a": 3}, 3, True)], [(5, {"a": 5}), (3, {"a": 3})], 6),
    (
        [({"a": 5}, 5), ({"a": 3}, 3), ({"b": 3}, 3), ({"a": 6}, 6), ({"c": 6},)],
        [(5, {"a": 5}), (3, {"a": 3, "b": 3}), (6, {"a": 6, "c": 6})],
        7,
    ),
    ([({"a": 9}, 9), ({"a": 1}, 1), ({"b": 1},), ({"c": 1},)],
     [(9, {"a": 9}), (1, {"a": 1, "b": 1}), (10, {"c": 1})], 11),
    ([({"a": 2}, 2, True), ({"b": 2}, 2, True)], [(2, {"a": 2}), (2, {"b": 2})], 3),
]  # fmt: skip


@pytest.mark.parametrize(("calls", "rows", "step"), OUT_OF_ORDER)
@pytest.mark.parametrize("by_one", [False, True], ids=["one batch", "many batches"])
def test_rows_out_of_order_are_kept_where_the_run_allows_it(
    calls: list[Call], rows: Rows, step: int, by_one: bool
) -> None:
    """Also after each batch was replayed by another processor."""
    item = pb.SettingsItem(key="allow_out_of_order", value_json="true")
    settings = pb.SettingsRecord(item=[item])
    records = [pb.Record(run=pb.RunRecord(settings=settings))]
    records += [log_call(*call) for call in calls]
    played = play_each(*records) if by_one else play(*records)

    assert played.user_rows == rows
    assert played.processor.step == step
    assert played.processor.refused_rows == 0
    again = RunProcessor("abc", "1.0.0")
    for record in played.log:
        again.replay(record)
    assert again.step == step
    more = Played(again).play(log_call({"z": 1}, 1, True), log_call({"z": 2}))
    assert more.user_rows[-2:] == [(1, {"z": 1}), (step, {"z": 2})]


def test_answer_of_the_server_moves_an_open_row_along() -> None:
    update = pb.Record()
    update.run.starting_step = 11

    played = play_each(log_call({"a": 1}, None, False), update, log_call({"b": 1}))

    assert played.user_rows == [(11, {"a": 1, "b": 1})]


def test_very_deep_objects_are_kept_as_one_value() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(100):
        deep = {"d": deep}

    played = play(log_call(deep, None, False), log_call(deep))

    assert played.user_rows == [(0, deep)]
    longest = max(len(item.nested_key) for item in played.log[2].history.item)
    assert longest == 65
