"""Fixtures of the end-to-end tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, running_stack


@pytest.fixture
def stack(places_env: dict[str, str]) -> Iterator[Stack]:
    """The whole system on a free port; scripts find it without configuration."""
    with running_stack(places_env, Path(places_env["HOME"]) / "work") as running:
        yield running


@pytest.fixture
def official_python() -> str:
    """The interpreter that has the official client, or skip."""
    python = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
    if not os.path.exists(python):
        pytest.skip("WANDB_OFFICIAL_PYTHON names no interpreter: run through make")
    return python
