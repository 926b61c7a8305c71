"""`wandb.Run`: calls become records, answers become properties."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from wandb.errors import Error, UnsupportedError, UsageError
from wandb.sdk import records
from wandb.sdk.live_run import LiveRun
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import record_pb2 as pb

from tests.support.recording_stream import RecordingStream, uploaded

MakeRun = Callable[..., tuple[LiveRun, RecordingStream]]


def test_log_hands_data_step_and_commit_over(make_run: MakeRun) -> None:
    run, stream = make_run()

    run.log({"a": 1})
    run.log({"b": 2}, step=5)
    run.log({"c": 3}, commit=False)

    assert stream.logged() == [
        ({"a": 1}, None, True),
        ({"b": 2}, 5, False),
        ({"c": 3}, None, False),
    ]


def test_config_and_metric_become_records(make_run: MakeRun) -> None:
    run, stream = make_run()

    run.config.update({"lr": 0.1, "bad": float("nan"), "big": float("inf")})
    metric = run.define_metric("val/*", step_metric="epoch", summary="max")

    items = {item.key: item.value_json for item in stream.of("config")[0].update}
    assert items == {"lr": "0.1", "bad": "null", "big": "Infinity"}
    assert stream.of("metric")[0].glob_name == "val/*"
    assert metric.step_metric == "epoch"


def test_summary_paths_become_keys_or_nested_keys(make_run: MakeRun) -> None:
    answer = service.GetSummaryResponse(found=True, summary_json='{"z": {"a": 1}}')
    run, stream = make_run(RecordingStream(get_summary=[answer]))

    run.summary["best"] = 1.5
    run.summary["z"]["b"] = float("nan")
    del run.summary["z"]["a"]

    first, second, third = stream.of("summary")
    assert (first.update[0].key, first.update[0].value_json) == ("best", "1.5")
    assert list(second.update[0].nested_key) == ["z", "b"]
    assert second.update[0].value_json == "null"
    assert list(third.remove[0].nested_key) == ["z", "a"]


def test_name_notes_and_tags_are_published_in_full(make_run: MakeRun) -> None:
    run, stream = make_run()

    run.name = "calm-lake-2"
    run.tags = ["x", "y"]
    run.notes = "hello"

    last = stream.of("run")[-1]
    assert (last.display_name, list(last.tags), last.notes) == (
        "calm-lake-2",
        ["x", "y"],
        "hello",
    )
    assert last.start_time.seconds == 1000
    assert run.name == "calm-lake-2"
    assert run.tags == ("x", "y")


@pytest.mark.parametrize("tags", [("ok", ""), ("t" * 65,)])
def test_tags_that_no_server_takes_are_refused_and_the_others_stay(
    make_run: MakeRun, tags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = make_run()
    run.tags = ["x"]

    run.tags = tags

    assert run.tags == ("x",)
    assert "1 to 64 characters" in capsys.readouterr().err


def test_properties_follow_from_what_the_server_said(make_run: MakeRun) -> None:
    answer = service.StartRunResponse(
        server_known=True,
        entity="team",
        project="p",
        run_url="http://s/team/p/runs/abc",
        project_url="http://s/team/p",
        resumed=True,
        starting_step=7,
    )
    run, stream = make_run(RecordingStream(start_run=[answer]))

    assert run.url == "http://s/team/p/runs/abc"
    assert run.path == "team/p/abc"
    assert run.project_url == "http://s/team/p"
    assert (run.resumed, run.starting_step, run.step) == (True, 7, 7)
    assert len(stream.asked) == 1


def test_without_an_answer_there_is_no_url(make_run: MakeRun) -> None:
    run, _ = make_run()

    assert run.url is None
    assert run.entity == ""
    assert run.path == "p/abc"


def test_finished_run_refuses_what_would_be_lost(make_run: MakeRun) -> None:
    run, stream = make_run(RecordingStream(finish_run=[uploaded()]))
    run.finish()

    for call in (
        lambda: run.log({"a": 1}),
        lambda: run.config.update({"a": 1}),
        lambda: run.summary.update({"a": 1}),
        lambda: run.define_metric("a"),
        lambda: setattr(run, "name", "x"),
    ):
        with pytest.raises(UsageError, match=r"Run \(abc\) is finished"):
            call()
    assert run.id == "abc"
    assert run.name == "sunny-river-1"
    assert stream.closed


def test_leaving_the_context_ends_the_run_with_its_exit_code(
    make_run: MakeRun,
) -> None:
    good, good_stream = make_run(RecordingStream(finish_run=[uploaded()]))
    bad, bad_stream = make_run(RecordingStream(finish_run=[uploaded()]))

    with good:
        pass
    with pytest.raises(KeyError), bad:
        raise KeyError

    assert good_stream.of("exit")[0].exit_code == 0
    assert bad_stream.of("exit")[0].exit_code == 1


def test_what_comes_later_says_so(make_run: MakeRun) -> None:
    run, _ = make_run()

    with pytest.raises(UnsupportedError, match=r"wandb\.run\.sweep is not available"):
        run.sweep("x")
    with pytest.raises(AttributeError):
        _ = run.no_such_thing


def test_shared_mode_has_no_steps(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    run, stream = make_run(mode="shared")

    run.log({"a": 1}, step=5)
    run.log({"a": 1}, step=6)

    assert [step for _, step, _ in stream.logged()] == [None, None]
    assert capsys.readouterr().err.count("shared mode") == 1
    with pytest.raises(Error):
        _ = run.step


def test_label_and_private_config_are_recorded(make_run: MakeRun) -> None:
    run, stream = make_run()

    run._label(code="transformers_trainer")
    run._set_config_wandb("code_path", "x.py")

    assert stream.of("telemetry")[0].label.code_string == "transformers_trainer"
    assert list(stream.of("config")[0].update[0].nested_key) == ["_wandb", "code_path"]


def test_pickled_run_is_the_active_one_again(make_run: MakeRun) -> None:
    run, _ = make_run()

    assert pickle.loads(pickle.dumps(run)) is run  # noqa: S301


def test_console_writes_become_records(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    run, stream = make_run(RecordingStream(finish_run=[uploaded()]))
    run._capture_console()

    print("hello")
    run.finish()
    print("late")

    texts = [(output.line, output.output_type) for output in stream.of("output_raw")]
    assert texts[:2] == [("hello", 1), ("\n", 1)]
    assert "late" not in "".join(text for text, _ in texts)
    assert capsys.readouterr().out == "hello\nlate\n"


def test_undecodable_text_is_recorded_without_it() -> None:
    record = pb.Record.FromString(records.output("abc", True, "a\udc80b", 1.5))

    assert record.output_raw.line == "a?b"
    assert record.output_raw.timestamp.nanos == 500_000_000


def test_console_off_records_nothing(make_run: MakeRun) -> None:
    run, stream = make_run(console="off")
    run._capture_console()

    print("hello")

    assert stream.of("output_raw") == []


def test_write_logs_adds_console_text(make_run: MakeRun) -> None:
    run, stream = make_run()

    run.write_logs("x\n")

    assert stream.of("output_raw")[0].line == "x\n"


def test_summary_is_readable_after_the_end(make_run: MakeRun) -> None:
    done: Any = uploaded(summary_json='{"loss": 0.5, "n": NaN}')
    run, _ = make_run(RecordingStream(finish_run=[done]))

    run.finish()

    assert run.summary["loss"] == 0.5
