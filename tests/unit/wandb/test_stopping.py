"""A run that is asked to stop, and one whose data cannot be uploaded."""

import _thread
import signal
from typing import Any

import pytest
from wandb.errors import Error
from wandb.sdk.stopping import Listener
from wandb.sdk.wandb_settings import Settings

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "handler", [signal.default_int_handler, signal.SIG_IGN, signal.SIG_DFL]
)
def test_stop_is_a_keyboard_interrupt(handler: Any) -> None:
    earlier = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _stop_and_wait(Listener(None, False), "stop")
    finally:
        signal.signal(signal.SIGINT, earlier)


def test_stop_fn_is_called_instead(capsys: Capture) -> None:
    called: list[bool] = []

    Listener(lambda: called.append(True), False)("stop", "asked to stop")

    assert called == [True]
    assert "asked to stop" in capsys.readouterr().err


def test_failing_stop_fn_is_told(capsys: Capture) -> None:
    def fail() -> None:
        raise KeyError("x")

    Listener(fail, False)("stop", "asked")

    assert "stop_fn failed: KeyError: 'x'" in capsys.readouterr().err


def test_fatal_stops_only_where_the_setting_says_so(capsys: Capture) -> None:
    called: list[bool] = []

    Listener(lambda: called.append(True), False)("fatal", "401")
    assert called == []
    Listener(lambda: called.append(True), True)("error", "disk full")
    assert called == []
    Listener(lambda: called.append(True), True)("fatal", "401")

    assert called == [True]
    assert "ERROR 401" in capsys.readouterr().err


def test_stop_fn_must_be_callable() -> None:
    with pytest.raises(Error, match="function"):
        Settings(stop_fn="exit")


def _stop_and_wait(listener: Listener, level: str) -> None:
    listener(level, "asked")
    for _ in range(1000):  # the interrupt arrives between two instructions
        assert _thread is not None
