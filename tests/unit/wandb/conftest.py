"""Fixtures: a process edge of its own per test, and runs without core."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wandb import _terminal
from wandb.sdk import records, wandb_setup
from wandb.sdk.core_questions import RunQuestions
from wandb.sdk.live_run import LiveRun
from wandb.sdk.surface import unbind
from wandb.sdk.wandb_run import RunParts
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.wandb_setup import Session

from tests.support.recording_stream import RecordingStream


@pytest.fixture
def edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home and working directory; the session ends with the test."""
    import os

    import wandb

    for name in list(os.environ):
        if name.startswith("WANDB_") or name == "CI":
            monkeypatch.delenv(name)
    for name in ("runtime", "spool", "state", "data", "config"):
        monkeypatch.setenv(f"WANDB_{name.upper()}_DIR", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    hooks = sys.exit, sys.excepthook
    monkeypatch.setattr(wandb_setup, "_session", None)
    _terminal._verbosity.told.clear()
    yield work
    if wandb.run is not None:
        unbind(wandb.run)
    session = wandb_setup._session
    if session is not None:
        session.runs.clear()
        session.exit_hooks.remove()
    assert (sys.exit, sys.excepthook) == hooks
    _terminal.set_verbosity(silent=False)


@pytest.fixture
def make_run(edge: Path) -> Callable[..., tuple[LiveRun, RecordingStream]]:
    """make_run(**settings) -> a run and the stream it writes to."""

    def make(
        stream: RecordingStream | None = None, **values: Any
    ) -> tuple[LiveRun, RecordingStream]:
        stream = stream or RecordingStream()
        given = {"run_id": "abc", "project": "p", "finish_timeout": 0.0} | values
        settings = Settings(**given)
        facts = records.RunFacts("abc", "", "p", 1000.0, name="sunny-river-1")
        session: Session = wandb_setup.setup()
        questions = RunQuestions(stream, "abc", "/log")
        run = LiveRun(RunParts(settings, facts, stream, questions, session))
        session.runs.append(run)
        return run, stream

    return make
