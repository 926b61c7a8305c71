"""What `finish` shows of a run."""

import math
from collections.abc import Callable

import pytest
from wandb.sdk.end_summary import EndSummary, sparkline
from wandb.sdk.live_run import LiveRun

from tests.support.recording_stream import RecordingStream, uploaded

MakeRun = Callable[..., tuple[LiveRun, RecordingStream]]
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([7, 0], "█▁"),
        ([3.5], "▁"),
        ([2, 2, 2], "▁▁▁"),
        ([0, math.nan, 1, math.inf], "▁█"),
        ([-1e308, 1e308], "▁█"),
        ([], ""),
        (["a", None], ""),
    ],
)
def test_sparkline_goes_from_the_lowest_to_the_highest(
    values: list[float], line: str
) -> None:
    assert sparkline(values) == line


def test_summaries_of_defined_metrics_show_under_their_names() -> None:
    shown = EndSummary.of(
        {}, {"loss": {"max": 2.0, "min": 0.5}, "a": {"b": {"c": 1}}, "_step": 4}, 9, 9
    )

    assert shown.summary == (("a.b.c", "1"), ("loss.max", "2"), ("loss.min", "0.5"))


def test_media_and_ours_are_not_shown() -> None:
    shown = EndSummary.of(
        {"_runtime": [1, 2]}, {"img": {"_type": "image-file"}, "_wandb": {}}, 9, 9
    )

    assert list(shown.lines()) == []


def test_rows_beyond_the_settings_are_counted() -> None:
    history = {f"k{index}": [index, 1] for index in range(5)}

    shown = EndSummary.of(history, {"a": 1, "b": 2, "c": 3}, 3, 1)
    nothing = EndSummary.of(history, {"a": 1}, 0, 0)

    assert list(shown.lines()) == [
        "", "Run history:", " k0 ▁█", " k1 ▁▁", " k2 █▁", " +2 ...",
        "", "Run summary:", " a 1", " +2 ...",
    ]  # fmt: skip
    assert list(nothing.lines()) == []


def test_html_is_escaped() -> None:
    shown = EndSummary.of({}, {"<k>": "<script>"}, 9, 9).html()

    assert "<td>&lt;k&gt;</td><td>&lt;script&gt;</td>" in shown


def test_finish_shows_history_and_addresses(make_run: MakeRun, capsys: Capture) -> None:
    done = uploaded(
        summary_json='{"loss": 1.0}', history_json='{"loss": [3, 2, 1]}',
        run_url="http://s/r", media_files=1, other_files=4,
    )  # fmt: skip
    run, _ = make_run(RecordingStream(finish_run=[done]), sync_dir="/where/run")

    run.finish()

    told = capsys.readouterr().err.splitlines()
    assert told == [
        "wandb: ", "wandb: Run history:", "wandb:  loss █▅▁",
        "wandb: ", "wandb: Run summary:", "wandb:  loss 1", "wandb: ",
        "wandb: View run sunny-river-1 at: http://s/r",
        "wandb: Synced 1 media and 4 other files",
        "wandb: Find logs at: /where/run/logs",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["silent", "quiet"])
def test_silent_and_quiet_show_nothing(
    make_run: MakeRun, capsys: Capture, name: str
) -> None:
    done = uploaded(summary_json='{"loss": 1}', run_url="http://s/r")
    run, _ = make_run(RecordingStream(finish_run=[done]), **{name: True})
    run._session.apply_verbosity(run._settings)

    run.finish()

    assert capsys.readouterr().err == ""
