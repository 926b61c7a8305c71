"""Logs that official clients of several versions wrote, uploaded by ours.

The logs in tests/data/official_logs are those of `make.py` there, run offline; what
they must become is said here by hand.
"""

import math
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.test_upload_sync import Sync
from tests.support.fake_server import FakeServer

LOGS = Path(__file__).parents[1] / "data" / "official_logs"
VERSIONS = sorted(path.stem for path in LOGS.glob("*.wandb"))
OURS = ("_step", "_runtime", "_timestamp")


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def sync(server: FakeServer) -> Sync:
    return Sync(server)


def expected_rows() -> list[tuple[int, dict[str, object]]]:
    rows: list[tuple[int, dict[str, object]]] = [
        (
            step,
            {
                "loss": 1 / (step + 1),
                "best": step % 5,
                "deep": {"er": step},
                "text": f"row {step}",
            },
        )
        for step in range(12)
    ]
    return [*rows, (20, {"odd": "NaN", "big": 2**53}), (25, {"late": 1})]


def test_there_are_logs_of_four_versions() -> None:
    assert VERSIONS == ["0.16.6", "0.19.11", "0.22.3", "0.31.0"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_log_of_an_official_client_is_uploaded_whole_and_once(
    tmp_path: Path, server: FakeServer, sync: Sync, version: str
) -> None:
    path = tmp_path / f"run-{version}.wandb"
    shutil.copy(LOGS / f"{version}.wandb", path)

    assert await sync(path) == 0

    run = server.run("v" + version.replace(".", "-"))
    assert [
        (row["_step"], {k: _plain(v) for k, v in row.items() if k not in OURS})
        for row in run.history
    ] == expected_rows()
    assert (run.fields["displayName"], run.fields["tags"]) == (
        f"made by {version}", ["a", "b"],
    )  # fmt: skip
    assert (run.project, run.fields["groupName"]) == ("official", "g")
    config = run.config
    assert config["lr"] == 0.2
    assert config["layers"] == [1, 2]
    assert run.summary["best"] == {"max": 4}
    assert run.summary["explicit"] == "yes"
    assert any(f"hello from {version}" in line for line in run.console)
    assert (run.exit_code, run.conflicts) == (0, [])

    sent = len(server.requests)
    assert await sync(path, include_synced=True) == 0
    assert len(server.requests) == sent
    assert len(run.history) == 14


def _plain(value: object) -> object:
    is_nan = isinstance(value, float) and math.isnan(value)
    return "NaN" if is_nan else value
