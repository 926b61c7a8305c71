import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_core.errors import RecordRejected
from wandb_core.processor import RunProcessor
from wandb_core.run_state import RunState
from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from tests.support.run_calls import (
    START,
    Played,
    comparable,
    copy,
    define,
    exiting,
    log_call,
    opening,
    play,
    set_summary,
)


def processor() -> RunProcessor:
    return RunProcessor("abc", "1.0.0")


def whole_state(subject: RunProcessor) -> Any:
    return comparable(json_codec.loads(subject.checkpoint()))


def test_opening_writes_header_run_and_target() -> None:
    first = opening(project="p")
    first.request.open_run.target.base_url = "http://h"
    played = Played(processor()).play(first)

    assert [record.num for record in played.log] == [1, 2, 3]
    assert played.log[0].header.version_info.producer == "1.0.0"
    assert played.log[1].run.run_id == "abc"
    assert played.log[1].run.project == "p"
    assert played.log[2].summary.carrier.target.base_url == "http://h"
    assert played.processor.run is not None
    assert played.processor.target is not None
    assert not played.processor.exited
    played.play(log_call({}))
    assert not played.log[-1].summary.carrier.HasField("target")


def test_second_opening_updates_the_run_without_another_header() -> None:
    played = play(opening(display_name="x"))

    kinds = [record.WhichOneof("record_type") for record in played.log]
    assert kinds == ["header", "run", "run", "summary"]
    assert played.processor.target is None


def test_other_records_pass_in_order_with_numbers() -> None:
    records = []
    for kind in ("config", "files", "telemetry", "environment", "alert", "preempting",
                 "output_raw", "stats", "metric", "artifact"):  # fmt: skip
        record = pb.Record(num=77, uuid="u")
        record.control.local = True
        getattr(record, kind).SetInParent()
        records.append(record)
    records[0].config.update.add(key="lr", value_json="1")

    played = play(*records)

    passed = played.log[2:-1]
    assert [r.WhichOneof("record_type") for r in passed] == [
        r.WhichOneof("record_type") for r in records
    ]
    assert [record.num for record in played.log] == list(range(1, 14))
    assert all(record._info.stream_id == "abc" for record in passed)
    assert not any(record.HasField("control") for record in passed)
    assert passed[0].config.update[0].key == "lr"


@pytest.mark.parametrize(
    "broken",
    [
        pb.Record(),
        pb.Record(request=pb.Request()),
        pb.Record(summary=pb.SummaryRecord(carrier=pb.Carrier())),
        pb.Record(request=pb.Request(log=pb.LogRequest(data_json=b"{oops"))),
        pb.Record(request=pb.Request(log=pb.LogRequest(data_json=b"[1]"))),
        pb.Record(request=pb.Request(log=pb.LogRequest(data_json=b"[" * 100_000))),
    ],
    ids=["no type", "no request", "carrier", "no JSON", "no object", "too deep"],
)
def test_record_without_sense_is_rejected_and_the_next_is_taken(
    broken: pb.Record,
) -> None:
    played = play()

    with pytest.raises(RecordRejected) as rejection:
        played.processor.apply("s", 2, broken)

    assert (rejection.value.stream_id, rejection.value.sequence) == ("s", 2)
    played.processor.apply("s", 3, log_call({"a": 1}))
    played.log += map(pb.Record.FromString, played.processor.finish_batch("s", 4))
    assert played.user_rows == [(0, {"a": 1})]
    assert played.processor.gap_records == 0


def test_lost_records_are_counted() -> None:
    played = play()
    gap = pb.Record()
    gap.request.gap.record_count = 5
    gap.request.gap.reason = "full disk"

    played.play(gap)
    played.processor.apply("s", 6, log_call({}))
    carrier = pb.Record.FromString(
        played.processor.finish_batch("s", 7)[-1]
    ).summary.carrier

    assert played.log[-1].summary.carrier.gap_records == 5
    assert played.log[-1].summary.carrier.gap_reason == "full disk"
    assert carrier.gap_records == 8
    assert played.processor.gap_records == 8


def test_streams_have_sequences_of_their_own() -> None:
    subject = processor()
    assert subject.next_sequence("child") == 1

    subject.apply("parent", 1, opening())
    subject.finish_batch("parent", 2)
    subject.apply("child", 1, log_call({"a": 1}))
    subject.finish_batch("child", 2)

    assert subject.next_sequence("parent") == 2
    assert subject.next_sequence("child") == 2


def test_two_runs_of_the_same_calls_write_the_same_bytes() -> None:
    calls = [log_call({"a": 1}), define("a", "b", "min"), log_call({"a": {"x": 2}})]

    assert play(*calls).log == play(*calls).log


def test_checkpoint_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        processor().restore(b'{"version":99}')


def test_run_state_is_read_from_a_checkpoint() -> None:
    played = play(log_call({"a": 1}))
    played.play(set_summary("b", value=2), checkpoint=True)

    state = RunState.from_checkpoint(played.log[-1].summary.carrier.checkpoint)

    assert state.to_object() == played.state.to_object()
    assert json.loads(state.summary_json())["b"] == 2


def test_checkpoint_holds_aggregates_and_where_they_have_ended() -> None:
    played = play(
        define("*", "epoch", "min,mean,first"),
        *(log_call({"a": number, "b": number, "epoch": 9}) for number in (4, 2)),
        set_summary("b", value=1),
    )
    played.play(log_call({"open": 1}, None, False), checkpoint=True)
    again = processor()

    again.restore(played.log[-1].summary.carrier.checkpoint)

    assert whole_state(again) == whole_state(played.processor)
    played = Played(again, played.log).play(log_call({"a": 0, "b": 7}))
    assert played.user_rows[-1] == (2, {"a": 0, "b": 7, "open": 1, "epoch": 9})
    assert played.summary["a"] == {"min": 0, "mean": 2, "first": 4}
    assert played.summary["b"] == 7


def test_row_of_an_official_log_is_replayed() -> None:
    row, other = pb.Record(), pb.Record()
    row.history.item.add(key="a", value_json="1.5")
    row.history.item.add(nested_key=["n", "b"]).integer = 3
    other.history.item.add(key="_step", value_json="7")
    other.history.item.add(key="_runtime", value_json="null")
    subject = processor()

    subject.replay(row)
    subject.replay(other)
    subject.replay(pb.Record())

    assert subject.step == 8


def test_uncommitted_rows_at_the_end_of_a_log_count() -> None:
    """A crash between rows and carrier: whoever keeps them replays them."""
    played = play(log_call({"a": 1}, None, False))
    tail = Played(processor()).play(opening(), log_call({"a": 1, "b": 2})).log[2:3]
    subject = processor()

    for record in [*played.log, *tail]:
        subject.replay(record)

    assert subject.step == 1
    assert subject.next_sequence("s") == 3


# ---- replay(log) == the state that wrote it ------------------------------------------

names = st.sampled_from(["a", "b", "n", "t/x", "_own", "epoch"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.integers(-(10**30), 10**30),
    st.sampled_from(["", "text"]),
    st.lists(st.floats(), max_size=2),
)
values = st.one_of(
    scalars,
    st.dictionaries(st.sampled_from("ab"), scalars, max_size=2),
    st.dictionaries(
        st.just("c"), st.dictionaries(st.sampled_from("ab"), scalars), max_size=1
    ),
)
data = st.dictionaries(names, values, max_size=3)


def _stamped(kind: str, second: int) -> pb.Record:
    record = pb.Record()
    getattr(record, kind).timestamp.seconds = second
    if kind == "output_raw":
        record.output_raw.line = "x\ny"
    return record


def _config(key: str, value: Any) -> pb.Record:
    record = pb.Record()
    record.config.update.add(key=key, value_json=json_codec.dumps(value).decode())
    return record


moments = st.floats(START, START + 1000)
seconds = st.integers(START - 10, START + 1000)
calls = st.one_of(
    st.builds(
        lambda data, step, commit, moment: log_call(
            data, step, commit, timestamp=moment
        ),
        data,
        st.none() | st.integers(-1, 15),
        st.none() | st.booleans(),
        moments,
    ),
    st.builds(
        define,
        st.sampled_from(["a", "n.a", "*", "t/*", "epoch", "n.*"]),
        st.sampled_from(["", "epoch", "n.b"]),
        st.sampled_from(["", "min", "max,mean", "last,first", "none", "copy"]),
        overwrite=st.booleans(),
    ),
    st.builds(lambda key, value: set_summary(key, value=value), names, values),
    st.builds(lambda key, value: set_summary(key, "a", value=value), names, scalars),
    st.builds(lambda key: set_summary(key, remove=True), names),
    st.builds(lambda key: set_summary(key, "a", remove=True), names),
    st.builds(_config, names, values),
    st.builds(_stamped, st.sampled_from(["output_raw", "stats"]), seconds),
    st.builds(lambda step: pb.Record(run=pb.RunRecord(starting_step=step)),
              st.integers(0, 9)),
    st.builds(lambda count: pb.Record(
        request=pb.Request(gap=pb.GapRequest(record_count=count))), st.integers(0, 9)),
    st.just(exiting()),
)  # fmt: skip
batches = st.lists(st.tuples(st.booleans(), st.lists(calls, max_size=5)), max_size=6)


def play_batches(plan: list[tuple[bool, list[pb.Record]]]) -> Played:
    first = opening()
    first.request.open_run.target.mode = "online"
    played = Played(processor()).play(first)
    for wants_checkpoint, records in plan:
        played.play(*records, checkpoint=wants_checkpoint)
    return played


@settings(deadline=None, max_examples=150)
@given(batches)
def test_replayed_log_gives_the_state_that_wrote_it(
    plan: list[tuple[bool, list[pb.Record]]],
) -> None:
    played = play_batches(plan)
    again = processor()

    for record in played.log:
        again.replay(copy(record))

    assert whole_state(again) == whole_state(played.processor)
    more = log_call({"a": 1, "n": {"b": 2}}, None, True)
    assert played.play(more).log[-3:] == Played(again).play(more).log[-3:]


@settings(deadline=None, max_examples=100)
@given(batches)
def test_checkpoint_and_the_rest_of_the_log_give_the_same_state(
    plan: list[tuple[bool, list[pb.Record]]],
) -> None:
    played = play_batches(plan)
    again = processor()

    for record in played.log:
        if checkpoint := record.summary.carrier.checkpoint:
            again = processor()
            again.restore(checkpoint)
        else:
            again.replay(copy(record))

    assert whole_state(again) == whole_state(played.processor)


@settings(deadline=None, max_examples=100)
@given(batches)
def test_uploaded_summary_is_the_one_that_users_read(
    plan: list[tuple[bool, list[pb.Record]]],
) -> None:
    played = play_batches(plan)

    uploaded = json_codec.loads(played.state.summary_json())

    assert comparable(uploaded) == comparable(played.processor.summary())


@settings(deadline=None, max_examples=100)
@given(st.lists(calls, max_size=8), st.integers(0, 8))
def test_rows_do_not_depend_on_how_calls_are_batched(
    records: list[pb.Record], cut: int
) -> None:
    one = play_batches([(False, records)])
    two = play_batches([(False, records[:cut]), (True, records[cut:])])

    assert comparable(one.rows) == comparable(two.rows)
    assert comparable(one.processor.summary()) == comparable(two.processor.summary())
