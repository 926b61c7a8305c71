import json
import math
from typing import Any

import pytest
from wandb_core.run_state import RunState
from wandb_proto.v1 import record_pb2 as pb

Item = tuple[tuple[str, ...] | str, str]


def history(*items: Item) -> pb.Record:
    record = pb.Record()
    for path, text in items:
        if isinstance(path, str):
            record.history.item.add(key=path, value_json=text)
        else:
            record.history.item.add(nested_key=path, value_json=text)
    record.history.SetInParent()
    return record


def summary(*items: Item, remove: tuple[str, ...] = ()) -> pb.Record:
    record = pb.Record()
    for path, text in items:
        if isinstance(path, str):
            record.summary.update.add(key=path, value_json=text)
        else:
            record.summary.update.add(nested_key=path, value_json=text)
    for key in remove:
        record.summary.remove.add(key=key)
    return record


def config(**values: str) -> pb.Record:
    record = pb.Record()
    for key, text in values.items():
        record.config.update.add(key=key, value_json=text)
    return record


def run(**fields: Any) -> pb.Record:
    record = pb.Record()
    record.run.run_id = "abc"
    for name, value in fields.items():
        setattr(record.run, name, value)
    return record


def fold(*records: pb.Record) -> RunState:
    state = RunState()
    for record in records:
        state.apply(record)
    return state


def lines(*records: pb.Record) -> list[dict[str, Any]]:
    state, found = RunState(), []
    for record in records:
        state.apply(record)
        found.append(json.loads(state.history_line(record.history)))
    return found


def config_of(state: RunState) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(state.config_json())
    return value


# ---- history -----------------------------------------------------------------------


def test_leaves_become_nested_objects_and_dots_stay() -> None:
    row = history(
        (("_step",), "0"), (("n", "a"), "1"), (("n", "b.c"), '"x"'), (("a/b",), "[1]")
    )

    assert lines(row) == [{"_step": 0, "n": {"a": 1, "b.c": "x"}, "a/b": [1]}]


def test_key_with_an_object_is_a_nested_row() -> None:
    row = history(("n", '{"a":1}'), (("n", "b"), "2"), ("m", "1"), (("m", "x"), "3"))

    assert lines(row) == [{"_step": 0, "n": {"a": 1, "b": 2}, "m": {"x": 3}}]


def test_typed_values_count_where_there_is_no_text() -> None:
    record = pb.Record()
    items = record.history.item
    items.add(key="_step").integer = 7
    items.add(key="b").boolean = True
    items.add(key="f").boolean = False
    items.add(key="i").integer = -(1 << 62)
    items.add(key="n").number = 0.5
    items.add(key="nan").number = math.nan
    items.add(key="t").text = 'say "x"'
    items.add(key="j").json = '{"a":[1]}'
    items.add(key="z").ParseFromString(b"\x0a\x01z\x18\x00")
    items.add(key="empty")
    items.add(key="both", value_json="1").integer = 2

    [line] = lines(record)

    assert math.isnan(line.pop("nan"))
    assert line == {
        "_step": 7, "b": True, "f": False, "i": -(1 << 62), "n": 0.5, "t": 'say "x"',
        "j": {"a": [1]}, "z": None, "empty": None, "both": 1,
    }  # fmt: skip


def test_bare_tokens_reach_the_line_unchanged() -> None:
    state = RunState()
    row = history(("a", "NaN"), ("b", "-Infinity"), ("c", "1.7951965675906534e+09"))
    state.apply(row)

    assert state.history_line(row.history) == (
        '{"a":NaN,"b":-Infinity,"c":1.7951965675906534e+09,"_step":0}'
    )


def test_text_that_is_no_json_is_quoted_and_lines_stay_lines() -> None:
    row = history(("bad", "{oops"), (("n", "bad"), "x"), ("good", "1"))
    pretty = history(("p", '{\n "a": 1\r\n}'))

    assert lines(row, pretty) == [
        {"_step": 0, "bad": "{oops", "n": {"bad": "x"}, "good": 1},
        {"_step": 1, "p": {"a": 1}},
    ]
    state = fold(pretty)
    assert "\n" not in state.history_line(pretty.history)


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (["0", "1", "10"], [0, 1, 10]),
        (["5", "3", "4", "9"], [5, 6, 7, 9]),
        ([None, None, "7", None], [0, 1, 7, 8]),
        (["1e+12"], [10**12]),
        (["3.0", '"x"', "null"], [3, 4, 5]),
        (["1e400", "9223372036854775808"], [0, 1]),
    ],
)
def test_steps_are_taken_raised_or_counted(
    recorded: list[str | None], expected: list[int]
) -> None:
    rows = [history(*([] if s is None else [(("_step",), s)])) for s in recorded]

    assert [line["_step"] for line in lines(*rows)] == expected


def test_steps_of_a_resumed_run_are_raised_not_shifted() -> None:
    state, steps = RunState(), []
    state.next_step = 11
    for step in (0, 1, 10):
        record = history((("_step",), str(step)))
        state.apply(record)
        steps.append(json.loads(state.history_line(record.history))["_step"])

    assert steps == [11, 12, 13]
    assert state.history_line_count == 3
    assert json.loads(state.summary_json()) == {"_step": 13}


# ---- system metrics ----------------------------------------------------------------


def test_stats_line() -> None:
    started = run()
    started.run.start_time.seconds = 100
    record = pb.Record()
    record.stats.timestamp.seconds = 110
    record.stats.timestamp.nanos = 500_000_000
    record.stats.item.add(key="cpu", value_json="1.5")
    record.stats.item.add(key="gpu.0.temp")
    state = fold(started, record)

    assert json.loads(state.stats_line(record.stats)) == {
        "_wandb": True, "_timestamp": 110.5, "_runtime": 10.5, "system.cpu": 1.5,
        "system.gpu.0.temp": None,
    }  # fmt: skip
    labelled = json.loads(state.stats_line(record.stats, 100.0, "rank0"))
    assert labelled["system.cpu/l:rank0"] == 1.5
    assert state.stats_line_count == 1
    assert RunState().start == 0.0


# ---- summary -----------------------------------------------------------------------


def test_summary_merges_and_removes() -> None:
    state = fold(
        summary((("n", "a"), "1"), (("x",), "NaN"), ("top", '{"k":[1]}')),
        summary((("n", "b"), "2"), ("gone", "1"), remove=("gone", "missing")),
    )

    value = json.loads(state.summary_json())

    assert math.isnan(value.pop("x"))
    assert value == {"n": {"a": 1, "b": 2}, "top": {"k": [1]}}


def test_null_at_the_top_takes_the_key_away_and_stays_below() -> None:
    state = fold(
        summary(("a", "1"), ("b", "1")), summary(("a", "null"), (("n", "x"), "null"))
    )
    empty = pb.Record()
    empty.summary.update.add(key="b")
    state.apply(empty)

    assert json.loads(state.summary_json()) == {"n": {"x": None}}


def test_carrier_changes_nothing() -> None:
    record = pb.Record()
    record.summary.carrier.next_sequence = 5

    state = fold(record)

    assert not state.take_summary_changed()
    assert state.summary_json() == "{}"


def test_rows_without_summary_leave_only_the_step() -> None:
    assert (
        fold(history(("a", "1")), history(("a", "2"))).summary_json() == '{"_step":1}'
    )


# ---- config ------------------------------------------------------------------------


def test_config_is_wrapped_and_updates_win() -> None:
    first = run()
    first.run.config.update.add(key="lr", value_json="0.1")
    first.run.config.update.add(key="dot.key", value_json='{"a":1}')
    update = config(lr="0.2", new="null")
    update.config.update.add(nested_key=["dot.key", "b"], value_json="2")
    update.config.update.add(key="gone", value_json="1")
    update.config.remove.add(key="gone")

    state = fold(first, update)

    value = config_of(state)
    assert value.pop("_wandb")["value"]["m"] == []
    assert value == {
        "lr": {"value": 0.2}, "dot.key": {"value": {"a": 1, "b": 2}},
        "new": {"value": None},
    }  # fmt: skip
    assert state.config_value() == {"lr": 0.2, "dot.key": {"a": 1, "b": 2}, "new": None}


def test_second_run_record_does_not_bring_the_first_config_back() -> None:
    first = run()
    first.run.config.update.add(key="lr", value_json="0.1")

    state = fold(first, config(lr="0.2"), first)

    assert config_of(state)["lr"] == {"value": 0.2}


def test_broken_config_value_is_quoted() -> None:
    state = fold(config(bad="{oops", good="1"))

    assert config_of(state)["bad"] == {"value": "{oops"}
    assert config_of(state)["good"] == {"value": 1}


def test_broken_summary_value_is_quoted() -> None:
    state = fold(summary(("bad", "{oops"), ("good", "1")))

    assert json.loads(state.summary_json()) == {"bad": "{oops", "good": 1}


def test_own_part_of_the_config() -> None:
    first = run()
    first.run.config.update.add(key="_wandb", value_json='{"visualize":{"x":1},"m":7}')
    telemetry = pb.Record()
    telemetry.telemetry.python_version = "3.11.7"
    telemetry.telemetry.cli_version = "1.0.0"
    telemetry.telemetry.platform = "linux-x86_64"
    environment = pb.Record()
    environment.environment.writer_id = "w1"
    environment.environment.os = "Linux"

    own = config_of(fold(first, telemetry, environment))["_wandb"]["value"]

    assert own == {
        "visualize": {"x": 1}, "m": [], "cli_version": "1.0.0",
        "python_version": "3.11.7",
        "t": {"4": "3.11.7", "5": "1.0.0", "13": "linux-x86_64"},
        "e": {"w1": {"os": "Linux", "writerId": "w1"}},
    }  # fmt: skip


def test_python_version_is_known_without_telemetry() -> None:
    environment = pb.Record()
    environment.environment.python = "CPython 3.12.1"

    state = fold(config(_wandb="[]"), environment)

    assert config_of(state)["_wandb"]["value"]["python_version"] == "3.12.1"


def test_telemetry_flags_that_the_contract_does_not_name_are_read() -> None:
    """Fields 3 {2, 62}, 8 {1}, 10 {4}, 9 {1: "a"}, 6 "h", and shapes of no meaning."""
    raw = bytes.fromhex(
        "1a05 1001 f00301".replace(" ", "")
        + "42020801"
        + "52022001"
        + "4a030a0161"
        + "320168"
        + "7005"
        + "79" + "00" * 8
        + "7d" + "00" * 4
        + "83018401"
    )  # fmt: skip
    first, second = pb.Record(), pb.Record()
    first.telemetry.MergeFromString(raw)
    second.telemetry.MergeFromString(bytes.fromhex("1a021801"))

    own = config_of(fold(first, second))["_wandb"]["value"]["t"]

    assert {key: own[key] for key in ("3", "6", "8", "9", "10")} == {
        "3": [2, 3, 62], "6": "h", "8": [1], "9": {"1": "a"}, "10": [4],
    }  # fmt: skip


# ---- define_metric -----------------------------------------------------------------


def metric(**fields: Any) -> pb.Record:
    record = pb.Record()
    for name, value in fields.items():
        if name in ("options", "summary"):
            for flag in value:
                setattr(getattr(record.metric, name), flag, True)
        elif name == "overwrite":
            record.metric._control.overwrite = value
        else:
            setattr(record.metric, name, value)
    record.metric.SetInParent()
    return record


def metrics_of(*records: pb.Record) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = config_of(fold(*records))["_wandb"]["value"]["m"]
    return table


def test_metric_table_has_numbers_for_names() -> None:
    table = metrics_of(
        metric(
            name="val/loss",
            options=["defined"],
            summary=["min", "max", "mean", "last"],
        ),
        metric(
            glob_name="train/*",
            step_metric="train/step",
            options=["step_sync", "defined"],
        ),
        metric(name="h", options=["hidden", "defined"], summary=["none", "first"]),
        metric(),
    )  # fmt: skip

    assert table == [
        {"1": "val/loss", "6": [3], "7": [1, 2, 3, 5]},
        {"2": "train/*", "5": 3, "6": [1], "7": []},
        {"1": "train/step", "6": [], "7": []},
        {"1": "h", "6": [2, 3], "7": [6, 8]},
    ]


def test_repeated_definition_is_merged_or_replaced() -> None:
    low = metric(name="a", summary=["min"], options=["defined"])
    high = metric(name="a", summary=["max"])

    assert metrics_of(low, high) == [{"1": "a", "6": [3], "7": [1, 2]}]
    high.metric._control.overwrite = True
    assert metrics_of(low, high) == [{"1": "a", "6": [], "7": [2]}]


def test_step_metric_that_is_defined_later_is_one_entry() -> None:
    table = metrics_of(
        metric(name="loss", step_metric="epoch"),
        metric(name="epoch", options=["defined"]),
    )

    assert table == [
        {"1": "loss", "5": 2, "6": [], "7": []},
        {"1": "epoch", "6": [3], "7": []},
    ]


# ---- run, environment, console, exit -----------------------------------------------


def test_later_run_record_replaces_but_keeps_the_start() -> None:
    first = run(display_name="one", starting_step=5)
    first.run.start_time.seconds = 100
    first.run.summary.update.add(key="s", value_json="1")
    first.run.telemetry.cli_version = "9"

    state = fold(first, run(display_name="two", notes="n"))

    assert state.run is not None
    assert (state.run.display_name, state.run.notes) == ("two", "n")
    assert state.start == 100
    assert state.next_step == 5
    assert json.loads(state.summary_json()) == {"s": 1}
    assert config_of(state)["_wandb"]["value"]["cli_version"] == "9"


def test_metadata_has_the_official_names() -> None:
    software, hardware, other = pb.Record(), pb.Record(), pb.Record()
    env = software.environment
    env.writer_id, env.os, env.python = "w1", "Linux", "CPython 3.11.7"
    env.started_at.FromJsonString("2026-11-20T18:09:43.176091Z")
    env.args.extend(["--a", "1"])
    env.git.remote_url, env.git.commit = "https://x/y", "c0ffee"
    env.code_path_local = "t.py"
    env.slurm["job_id"] = "7"
    env = hardware.environment
    env.writer_id, env.gpu_type, env.gpu_count = "w1", "H100", 2
    env.disk["/"].total, env.disk["/"].used = 270553174016, 5
    env.memory.total = 25276514304
    env.cpu.count, env.cpu.count_logical = 4, 8
    env.gpu_nvidia.add(name="H100", memory_total=1 << 36, cuda_cores=9)
    env.args.extend(["--b"])
    other.environment.writer_id = "w2"

    state = fold(software, hardware, other)

    assert json.loads(state.metadata_json()) == {
        "os": "Linux", "python": "CPython 3.11.7",
        "startedAt": "2026-11-20T18:09:43.176091Z", "args": ["--b"],
        "codePathLocal": "t.py",
        "git": {"remote": "https://x/y", "commit": "c0ffee"},
        "gpu": "H100", "gpu_count": 2,
        "disk": {"/": {"total": "270553174016", "used": "5"}},
        "memory": {"total": "25276514304"},
        "cpu": {"count": 4, "countLogical": 8},
        "gpu_nvidia": [{"name": "H100", "memoryTotal": "68719476736", "cudaCores": 9}],
        "slurm": {"job_id": "7"}, "writerId": "w1",
    }  # fmt: skip
    assert list(config_of(state)["_wandb"]["value"]["e"]) == ["w1", "w2"]
    environment = state.environment()
    assert environment is not None
    assert environment.os == "Linux"


def test_metadata_of_a_log_without_environment_is_empty() -> None:
    assert RunState().metadata_json() == "{}"
    assert RunState().environment() is None


def test_config_yaml_holds_the_wrapped_config() -> None:
    text = fold(config(lr="0.5")).config_yaml()

    assert "lr:\n    value: 0.5\n" in text
    assert text.startswith("_wandb:\n    value:\n")


def test_console_goes_through_the_terminal() -> None:
    old, out, err = pb.Record(), pb.Record(), pb.Record()
    old.output.line = "old\n"
    out.output_raw.line, out.output_raw.output_type = "1%\r2%", pb.STDOUT
    err.output_raw.line = "oops"
    err.output_raw.timestamp.seconds = 1

    state = fold(old, out, err)

    assert [(line.is_stderr, line.text) for line in state.console.take_lines()] == [
        (True, "old"), (False, "2%"), (True, "oops"),
    ]  # fmt: skip


def test_exit_and_preemption_are_kept() -> None:
    preempting, end = pb.Record(), pb.Record()
    preempting.preempting.SetInParent()
    end.exit.exit_code = 3

    state = fold(preempting, end)

    assert state.preempting
    assert state.exit is not None
    assert state.exit.exit_code == 3


@pytest.mark.parametrize(
    "kind", ["footer", "final", "files", "alert", "artifact", "header"]
)
def test_other_records_change_nothing(kind: str) -> None:
    record = pb.Record()
    getattr(record, kind).SetInParent()

    state = fold(record, pb.Record())

    assert state.to_object() == RunState().to_object()


def test_changes_are_told_once() -> None:
    state = fold(run())

    assert state.take_run_changed()
    assert state.take_config_changed()
    assert not state.take_run_changed()
    assert not state.take_config_changed()
    assert not state.take_summary_changed()
    state.apply(summary(("a", "1")))
    assert state.take_summary_changed()
    state.apply(metric(name="a"))
    assert state.take_config_changed()


def test_state_survives_its_bytes() -> None:
    environment, out, end, telemetry = (pb.Record() for _ in range(4))
    environment.environment.writer_id = "w1"
    out.output_raw.line = "a\nb"
    end.exit.exit_code = 1
    telemetry.telemetry.cli_version = "1"
    first = run(display_name="x")
    first.run.start_time.seconds = 5
    before = fold(
        first, config(lr="NaN", n='{"a":1}'), summary((("n", "a"), "NaN")), out, end,
        metric(name="a", step_metric="b", summary=["min"]), metric(glob_name="c*"),
        history((("_step",), "4")), environment, telemetry,
    )  # fmt: skip

    after = RunState.from_bytes(before.to_bytes())

    assert after.to_bytes() == before.to_bytes()
    assert after.config_json() == before.config_json()
    assert after.summary_json() == before.summary_json()
    assert after.run == before.run
    assert after.exit == before.exit
    assert after.take_config_changed()
    assert RunState.from_bytes(RunState().to_bytes()).run is None


def test_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        RunState.from_bytes(b'{"version":99}')
