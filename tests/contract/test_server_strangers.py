"""Both clients as member of a team, as stranger, and where a server slows them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import end_processes_below, isolated_environment
from tests.support.server_process import ServerProcess, server_command, started_server

OFFICIAL = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
CLIENTS = [
    pytest.param(sys.executable, id="ours"),
    pytest.param(
        OFFICIAL,
        id="official",
        marks=pytest.mark.skipif(
            not OFFICIAL, reason="WANDB_OFFICIAL_PYTHON names no official client"
        ),
    ),
]
MEMBER = """
import wandb
run = wandb.init(entity="lab", project="p", id="{id}")
for step in range(20):
    run.log({{"a": step}})
run.finish()
api = wandb.Api()
for _ in range({reads}):
    found = wandb.Api().run("lab/p/{id}")
assert found.entity == "lab", found.entity
assert len(list(found.scan_history())) == 20
"""
STRANGER = """
import wandb
try:
    wandb.init(entity="lab", project="p").finish()
except wandb.errors.CommError as error:
    print("REFUSED", error)
"""
SLOW = {"WANDB_SERVER_REQUESTS_PER_S": "4", "WANDB_SERVER_REQUESTS_BURST": "6"}


KEYS = {name: "local-" + name.ljust(40, "0") for name in ("bob", "dora")}
"""bob is in team `lab`, dora is not."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """Nobody but its owner may ask more than four times a second."""
    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    environment = isolated_environment(root)
    try:
        with started_server({**environment, **SLOW}) as running:
            for name, key in KEYS.items():
                command("user", "add", name, "--api-key", key, env=environment)
            command("team", "add", "lab", "--member", "bob", env=environment)
            yield running
    finally:
        end_processes_below(root)
        shutil.rmtree(root, ignore_errors=True)


def command(*words: str, env: dict[str, str]) -> Any:
    done = server_command(env, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_script(
    python: str, code: str, server: ServerProcess, key: str
) -> subprocess.CompletedProcess[str]:
    environment = {**server.client_environment(), "WANDB_API_KEY": key}
    return subprocess.run(
        [python, "-c", code],
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def slowed(server: ServerProcess) -> float:
    text = server.request("GET", "/metrics").body.decode()
    [line] = [one for one in text.splitlines() if one.startswith("wandb_slowed_total")]
    return float(line.split()[1])


@pytest.mark.parametrize("python", CLIENTS)
def test_a_member_logs_to_the_team_however_often_it_is_slowed(
    server: ServerProcess, python: str
) -> None:
    before = slowed(server)
    code = MEMBER.format(id=f"r{int(before)}", reads=5)

    done = run_script(python, code, server, KEYS["bob"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert slowed(server) > before


@pytest.mark.parametrize("python", CLIENTS)
def test_a_stranger_is_told_what_the_matter_is(
    server: ServerProcess, python: str
) -> None:
    """The official client raises; ours, whose init() waits for nobody, says it and
    keeps the run on this machine."""
    done = run_script(python, STRANGER, server, KEYS["dora"])

    output = done.stdout + done.stderr
    assert "no access to entity 'lab'" in output
    assert "choose another entity" in output
    if python == OFFICIAL:
        assert "REFUSED" in done.stdout
    else:
        assert "does not accept the API key" not in output
        assert "retry with: wandb sync" in output
