"""Older official clients log to our server and read from it: release by flow.

`make conformance` makes their environments below build/official; a release that could
not be installed is skipped and says so.
"""

import subprocess
from pathlib import Path

import pytest

from tests.conformance.release_counts import FLOWS, RELEASES
from tests.support.server_process import ServerProcess

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).with_name("releases")
SHARED = Path(__file__).with_name("flows")
FLOW_TIMEOUT_S = 180.0


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("flow", FLOWS)
def test_release(
    flow: str, release: str, server: ServerProcess, tmp_path: Path
) -> None:
    python = ROOT / "build" / "official" / release / "bin" / "python"
    if not python.exists():
        pytest.skip(f"official client {release} is not installed: make conformance")
    place = tmp_path / "work"
    place.mkdir()
    environment = {
        **server.client_environment(),
        "FLOW_PROJECT": f"{flow}-{release}".replace("_", "-"),
        "FLOW_ENTITY": server.entity,
        "HOME": str(tmp_path),
        "NETRC": str(tmp_path / "netrc"),
        "WANDB_CACHE_DIR": str(tmp_path / "cache"),
        "WANDB_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(SHARED),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("PYTHONWARNINGS", None)

    done = subprocess.run(
        [str(python), str(SCRIPTS / f"{flow}.py")],
        env=environment,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=FLOW_TIMEOUT_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
