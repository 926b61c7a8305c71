"""Fixtures shared by all kinds of tests."""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from wandb_proto.places import Places


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the random kills in tests/crash, and of the archive's tests."""
    parser.addoption("--kill-points", type=int, default=20, help="how many to try")
    chance = random.SystemRandom().getrandbits(32)
    parser.addoption("--kill-seed", type=int, default=chance, help="to try them again")
    kinds = ("embedded", "team")
    parser.addoption(
        "--stores", choices=kinds, default="embedded", help="team: PostgreSQL and S3"
    )


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
    for process in psutil.process_iter():
        try:
            if process.environ().get("WANDB_RUNTIME_DIR", "").startswith(str(root)):
                process.kill()
        except psutil.Error:
            continue  # gone, or not ours to look into


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
