"""Fixtures shared by all kinds of tests."""

import importlib.util
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from wandb_proto.places import Places

END_TIMEOUT_S = 5.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the random kills in tests/crash, and of the archive's tests."""
    parser.addoption("--kill-points", type=int, default=20, help="how many to try")
    chance = random.SystemRandom().getrandbits(32)
    parser.addoption("--kill-seed", type=int, default=chance, help="to try them again")
    kinds = ("embedded", "team")
    parser.addoption(
        "--stores", choices=kinds, default="embedded", help="team: PostgreSQL and S3"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach the scripts that tests start.

    A shell that starts us in the background has it ignored, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def torch_python() -> str:
    """An interpreter with torch, the one of `make compat` or our own, or skip."""
    chosen = os.environ.get("WANDB_TORCH_PYTHON", "")
    if os.path.exists(chosen):
        return chosen
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: run `make compat`")
    return sys.executable


@pytest.fixture
def places_env() -> Iterator[dict[str, str]]:
    """An environment whose HOME and every wandb directory lie in a new short directory.

    Short, because Unix socket paths end at about 100 bytes. Given to processes as their
    whole environment; variables of the developer's own setup do not leak in.
    """
    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    try:
        yield isolated_environment(root)
    finally:
        end_processes_below(root)
        shutil.rmtree(root, ignore_errors=True)


def end_processes_below(root: Path) -> None:
    """Kill every process that lives in this test's directories: none may be left."""
    ended = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WANDB_RUNTIME_DIR", "").startswith(str(root)):
                process.kill()
                ended.append(process)
        except psutil.Error:
            continue  # gone, or not ours to look into
    # One that is still ending may write behind whoever removes the directories.
    deadline = time.monotonic() + END_TIMEOUT_S
    while any(map(_is_ending, ended)) and time.monotonic() < deadline:
        time.sleep(0.005)


def _is_ending(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


@pytest.fixture
def places(places_env: dict[str, str]) -> Places:
    """The directories of `places_env`."""
    return Places.from_environment(places_env)


def isolated_environment(root: Path) -> dict[str, str]:
    """PATH and the like of this process, everything of wandb below `root`."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "TZ")
        if name in os.environ
    }
    home = root / "home"
    home.mkdir()
    return kept | {
        "HOME": str(home),
        "NETRC": str(home / ".netrc"),
        "WANDB_RUNTIME_DIR": str(root / "run"),
        "WANDB_SPOOL_DIR": str(root / "spool"),
        "WANDB_STATE_DIR": str(root / "state"),
        "WANDB_DATA_DIR": str(root / "data"),
        "WANDB_CONFIG_DIR": str(root / "config"),
        "WANDB_SERVER_PORT": "0",
        "PYTHONWARNINGS": "default",
    }
