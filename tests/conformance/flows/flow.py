"""What the flows share. Their environment is the official client's, without pytest."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = os.environ["FLOW_PROJECT"]
"""A project of this flow's own."""
ENTITY = os.environ["FLOW_ENTITY"]
WAIT_S = 60.0


def until(true: Callable[[], Any], what: str) -> Any:
    """Ask again and again until the answer is true; fails after a minute."""
    deadline = time.monotonic() + WAIT_S
    while not (found := true()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.1)
    return found


@contextmanager
def refused(kind: type[BaseException], *texts: str) -> Any:
    """The block must raise this, with these texts in the message."""
    message = None
    try:
        yield
    except kind as error:
        message = str(error)
    assert message is not None, f"nothing was refused: {texts}"
    for text in texts:
        assert text in message, f"{text!r} is not in {message!r}"


def tool(*arguments: str) -> str:
    """Output of the official command line tool."""
    command = str(Path(sys.executable).with_name("wandb"))
    done = subprocess.run(
        [command, *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def script(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


def content_of(run: Any, name: str) -> bytes:
    """The bytes of a run's file."""
    file = run.file(name).download(root="down", replace=True)
    return Path(file.name).read_bytes()
