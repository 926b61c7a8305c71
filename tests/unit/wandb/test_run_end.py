"""`run.finish`: waiting, giving up, last words."""

from collections.abc import Callable
from typing import Any

import pytest
import wandb
from wandb.sdk import run_end
from wandb.sdk.core_questions import FinishAnswer
from wandb.sdk.live_run import LiveRun
from wandb.sdk.surface import bind

from tests.support.recording_stream import RecordingStream, uploaded

MakeRun = Callable[..., tuple[LiveRun, RecordingStream]]
Capture = pytest.CaptureFixture[str]


def test_finish_is_idempotent_and_writes_one_exit_record(make_run: MakeRun) -> None:
    run, stream = make_run(RecordingStream(finish_run=[uploaded()]))

    run.finish(3)
    run.finish(4)

    assert [record.exit_code for record in stream.of("exit")] == [3]


def test_finish_unbinds_the_module(make_run: MakeRun) -> None:
    run, _ = make_run(RecordingStream(finish_run=[uploaded()]))
    bind(run)
    assert wandb.run is run
    assert wandb.config is run.config

    wandb.finish()

    assert wandb.run is None
    with pytest.raises(wandb.Error):
        wandb.log({"a": 1})
    wandb.finish()


def test_waits_while_rows_move(make_run: MakeRun) -> None:
    moving: list[Any] = [
        uploaded(uploaded=False, rows_total=3, rows_uploaded=count)
        for count in (0, 1, 2)
    ]
    stream = RecordingStream(finish_run=[*moving, uploaded()])
    run, _ = make_run(stream, finish_timeout=60.0)

    run.finish()

    assert len(stream.asked) == 4


def test_gives_up_without_progress_and_says_where_the_data_lie(
    make_run: MakeRun, capsys: Capture
) -> None:
    stuck = uploaded(
        uploaded=False, rows_total=9, rows_uploaded=2, problem="server down"
    )
    run, _ = make_run(RecordingStream(finish_run=[stuck]), sync_dir="/where/run")

    run.finish()

    told = capsys.readouterr().err
    assert "server down" in told
    assert "7 rows are still to go" in told
    assert "/where/run" in told
    assert "core goes on" in told


def test_container_is_warned_that_data_may_be_lost(
    make_run: MakeRun, capsys: Capture
) -> None:
    run, _ = make_run(RecordingStream(finish_run=[uploaded(uploaded=False)]))
    run._session.environ["KUBERNETES_SERVICE_HOST"] = "x"

    run.finish()

    assert "This is a container" in capsys.readouterr().err


def test_container_waits_longer_unless_told_how_long(make_run: MakeRun) -> None:
    run, _ = make_run(finish_timeout=None)
    run._session.environ["KUBERNETES_SERVICE_HOST"] = "x"
    told, _ = make_run(finish_timeout=4.0)

    assert run_end._patience(told) == 4.0
    run._settings = type(run._settings)(run_id="abc")
    assert run_end._patience(run) == 300.0


def test_progress_says_how_long_a_container_is_waited_for(capsys: Capture) -> None:
    patience = run_end._Patience(300.0, container=True)
    going = FinishAnswer(
        durable=True,
        uploaded=False,
        offline=False,
        failed=False,
        rows_total=7,
        rows_uploaded=0,
        bytes_left=9,
        idle_s=60.0,
        problem="server down",
        run_url="",
        summary={},
        refused_rows=0,
    )

    patience._tell(going, idle_s=60.0)

    assert "waiting up to 300 s" in capsys.readouterr().err


def test_interrupted_wait_says_where_the_data_lie(
    make_run: MakeRun, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    run, stream = make_run(sync_dir="/where/run")
    monkeypatch.setattr(stream, "flush", interrupt)

    with pytest.raises(KeyboardInterrupt):
        run.finish()

    assert "wandb sync /where/run" in capsys.readouterr().err
    assert stream.closed


def test_silent_core_is_told(make_run: MakeRun, capsys: Capture) -> None:
    stream = RecordingStream()
    stream.flushes = False
    run, _ = make_run(stream, sync_dir="/where/run")

    run.finish()

    told = capsys.readouterr().err
    assert "Core did not answer" in told
    assert "/where/run" in told
    assert stream.closed


def test_failed_upload_is_an_error_with_the_way_out(
    make_run: MakeRun, capsys: Capture
) -> None:
    failed = uploaded(uploaded=False, failed=True, problem="401")
    run, _ = make_run(RecordingStream(finish_run=[failed]), sync_dir="/where/run")

    run.finish()

    told = capsys.readouterr().err
    assert "ERROR The upload of run abc failed: 401" in told
    assert "wandb sync /where/run" in told


def test_offline_run_tells_how_to_sync(make_run: MakeRun, capsys: Capture) -> None:
    done = uploaded(uploaded=False, offline=True)
    run, _ = make_run(
        RecordingStream(finish_run=[done]), mode="offline", sync_dir="/where/run"
    )

    run.finish()

    assert "wandb sync /where/run" in capsys.readouterr().err


def test_final_values_and_refused_rows_are_shown(
    make_run: MakeRun, capsys: Capture
) -> None:
    values = '{"loss": 0.123456789, "_step": 3, "name": "' + "x" * 100 + '"}'
    done = uploaded(summary_json=values, refused_rows=2, run_url="http://s/r")
    run, _ = make_run(RecordingStream(finish_run=[done]))

    run.finish()

    told = capsys.readouterr().err
    assert "loss 0.12346" in told
    assert "…" in told
    assert "_step" not in told
    assert "2 log calls were ignored" in told
    assert "View run sunny-river-1 at: http://s/r" in told


def test_one_refused_row_is_told_in_the_singular(
    make_run: MakeRun, capsys: Capture
) -> None:
    run, _ = make_run(RecordingStream(finish_run=[uploaded(refused_rows=1)]))

    run.finish()

    assert "1 log call was ignored" in capsys.readouterr().err


def test_secondary_writer_does_not_end_the_run(make_run: MakeRun) -> None:
    stream = RecordingStream(finish_run=[uploaded()])
    run, _ = make_run(stream, x_update_finish_state=False)

    run.finish()

    (end,) = stream.of("exit")
    assert end.not_complete
