"""From `run.log()` in a script to pixels on the page; timed in benchmarks/page_live."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import Browser
from tests.browser.test_page_charts import wait_until_drawn, wait_until_live
from tests.support.server_process import ServerProcess

METRICS = 3
SCRIPT = """
import sys, time, wandb
with wandb.init(project="whole-way", name="from-a-script") as run:
    for value in range(3):
        run.log({"warm/up": float(value)})
    print("ready", flush=True)
    for number, _ in enumerate(sys.stdin):
        for value in range(3):
            run.log({f"metric/m{number}": float(value)})
        print("logged", flush=True)
"""


@pytest.fixture
def script(server: ServerProcess, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A script that logs a new metric for every line on its stdin."""
    path = tmp_path / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    environment = dict(server.environment)
    with subprocess.Popen(
        [sys.executable, str(path)],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
    subprocess.run(
        [sys.executable, "-m", "wandb_core", "stop"],
        env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def wait_for_line(process: "subprocess.Popen[str]", wanted: str) -> None:
    """Read the script's output up to a line."""
    assert process.stdout is not None
    assert any(line.strip() == wanted for line in process.stdout), "the script ended"


def test_what_a_script_logs_is_drawn_by_itself(
    browser: Browser, script: "subprocess.Popen[str]"
) -> None:
    wait_for_line(script, "ready")
    page = browser.workspace("whole-way")
    wait_until_drawn(page, "warm/up")
    wait_until_live(page)
    assert script.stdin is not None

    for number in range(METRICS):
        script.stdin.write("go\n")
        script.stdin.flush()
        wait_for_line(script, "logged")
        wait_until_drawn(page, f"metric/m{number}")
