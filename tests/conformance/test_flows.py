"""Each flow is a small script of a user of the official client, run against our server.

A flow asserts with the official public API that what comes back is what went in. It
gets a project, a home and a cache of its own, so flows do not see each other.
"""

import subprocess
from pathlib import Path

import pytest

from tests.support.server_process import ServerProcess

FLOWS = Path(__file__).with_name("flows")
NAMES = sorted(path.stem for path in FLOWS.glob("*.py") if path.stem != "flow")
SAMPLE = frozenset(
    (
        "artifact_delete",
        "artifact_draft",
        "artifact_roundtrip",
        "artifact_versions",
        "fork",
        "models_links",
        "offline_artifact",
        "rewind",
        "sweep_function",
    )
)
FLOW_TIMEOUT_S = 180.0


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.sample] if name in SAMPLE else [])
        for name in NAMES
    ],
)
def test_flow(
    name: str, server: ServerProcess, official: str, far_bucket: str, tmp_path: Path
) -> None:
    place = tmp_path / "work"
    place.mkdir()
    environment = {
        **server.client_environment(),
        "FLOW_PROJECT": name.replace("_", "-"),
        "FLOW_ENTITY": server.entity,
        "FLOW_S3": far_bucket,
        "HOME": str(tmp_path),
        "NETRC": str(tmp_path / "netrc"),
        "WANDB_CACHE_DIR": str(tmp_path / "cache"),
        "WANDB_DATA_DIR": str(tmp_path / "data"),
        "WANDB_QUIET": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("PYTHONWARNINGS", None)

    done = subprocess.run(
        [official, str(FLOWS / f"{name}.py")],
        env=environment,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=FLOW_TIMEOUT_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
