"""`run.alert` and the other things one asks of a run besides logging."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import wandb
from wandb.sdk.alerts import Alert, AlertLimit
from wandb.sdk.live_run import LiveRun
from wandb.sdk.wandb_run import RunStatus
from wandb_proto.v1 import core_service_pb2 as service

from tests.support.recording_stream import RecordingStream, uploaded

MakeRun = Callable[..., tuple[LiveRun, RecordingStream]]


def test_alert_is_recorded_as_the_format_has_it(make_run: MakeRun) -> None:
    run, stream = make_run()

    run.alert("low", "accuracy is 0.2")
    run.alert("worse", "0.1", wandb.AlertLevel.ERROR, timedelta(minutes=5))
    run.alert("odd", "\udc80", level="WARN", wait_duration=5.5)

    assert [
        (a.title, a.text, a.level, a.wait_duration) for a in stream.of("alert")
    ] == [
        ("low", "accuracy is 0.2", "INFO", 60_000),
        ("worse", "0.1", "ERROR", 300_000),
        ("odd", "?", "WARN", 5500),
    ]


def test_alert_refuses_what_cannot_be(make_run: MakeRun) -> None:
    run, stream = make_run()

    for level in ("info", "bad", 3):
        with pytest.raises(ValueError, match="'INFO', 'WARN', or 'ERROR'"):
            run.alert("t", "x", level=level)
    with pytest.raises(TypeError, match="int, float, or datetime"):
        run.alert("t", "x", wait_duration="5")

    assert stream.of("alert") == []


def test_alert_of_one_title_waits() -> None:
    now = [100.0]
    limit = AlertLimit(lambda: now[0])
    loss = Alert("loss", "x", wait_s=10)

    assert limit.lets_through(loss)
    now[0] += 9.9
    assert not limit.lets_through(loss)
    assert limit.lets_through(Alert("other", "x", wait_s=10))
    now[0] += 0.2
    assert limit.lets_through(loss)


def test_alert_after_finish_is_refused(make_run: MakeRun) -> None:
    run, _ = make_run(RecordingStream(finish_run=[uploaded()]))
    run.finish()

    with pytest.raises(wandb.errors.UsageError, match="finished"):
        run.alert("t", "x")


def test_preempting_and_pinned_keys_are_recorded(make_run: MakeRun) -> None:
    run, stream = make_run()

    run.mark_preempting()
    run.pin_config_keys(["lr", "bs"])

    assert len(stream.of("preempting")) == 1
    (update,) = stream.of("config")[-1].update
    assert list(update.nested_key) == ["_wandb", "pinned_keys"]
    assert update.value_json == '["lr","bs"]'


def test_status_counts_rows(make_run: MakeRun) -> None:
    answer = uploaded(uploaded=False, rows_total=9, rows_uploaded=4, idle_s=1.0)
    run, _ = make_run(RecordingStream(finish_run=[answer]))
    nobody, _ = make_run()

    status = run.status()

    assert (status.sync_items_total, status.sync_items_pending) == (9, 5)
    assert status.sync_time is not None
    assert nobody.status() == RunStatus(0, 0, None)


@pytest.mark.parametrize(
    ("headers", "is_framed"),
    [
        ({}, True),
        ({"X-Frame-Options": "DENY"}, False),
        ({"Content-Security-Policy": "frame-ancestors 'none'"}, False),
    ],
)
def test_run_shows_its_page_in_a_frame_if_the_server_lets_it(
    make_run: MakeRun, headers: dict[str, str], is_framed: bool
) -> None:
    with answering(headers) as server_url:
        url = f"{server_url}/e/p/runs/<b>"
        answer = service.StartRunResponse(server_known=True, run_url=url)
        summary = service.GetSummaryResponse(found=True, summary_json='{"loss": 0.5}')
        run, _ = make_run(RecordingStream(start_run=[answer], get_summary=[summary]))

        shown = run.to_html(height=300)
        in_cell = run._repr_mimebundle_()["text/html"]

    assert "/e/p/runs/&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert ("height:300px" in shown, "<details>" in in_cell) == (is_framed, is_framed)
    assert ("<td>loss</td><td>0.5</td>" in shown) == (not is_framed)
    assert not run.display()


def test_offline_run_says_that_it_has_no_page(make_run: MakeRun) -> None:
    run, _ = make_run(mode="offline")

    assert "on this machine only" in run.to_html()


@contextmanager
def answering(headers: dict[str, str]) -> Iterator[str]:
    """A server whose answers have these headers."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(401)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()
