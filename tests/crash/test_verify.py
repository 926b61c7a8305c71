"""`wandb verify`: what was logged is what the server has, also after kills."""

import shutil
from pathlib import Path

from wandb_core.transaction_log import LogReader

from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

KILLED_AND_RESUMED = """
import os, sys, wandb
run = wandb.init(project="p", id="r", resume="allow", settings={"console": "off"})
for number in range(700):
    run.log({"n": number, "bad": float("nan"), "nested": {"x": 1.5}})
if sys.argv[1] == "kill":
    os.kill(os.getpid(), 9)
"""


def test_logs_of_a_killed_and_resumed_run_are_at_the_server(
    places_env: dict[str, str],
) -> None:
    with running_stack(places_env, Path(places_env["HOME"]) / "work") as stack:
        stack.run(KILLED_AND_RESUMED, "kill", check=False)
        stack.run(KILLED_AND_RESUMED, "finish")
        wait_until(lambda: "the same" in verify(stack), 20)
        said = verify(stack)

        first, second = sorted(stack.cwd.glob("wandb/run-*"))
        shutil.rmtree(first)
        alone = verify(stack)
        with LogReader(second / "run-r.wandb") as reader:
            ends = [logged.next_offset for logged in reader.read()]
        (second / "run-r.wandb").write_bytes(
            (second / "run-r.wandb").read_bytes()[: ends[-300]]
        )
        cut = verify(stack)

    assert "2 log(s)" in said
    assert said.count("1,400 rows") == 2
    assert "the same" in alone
    assert alone.count("700 rows") == 2
    assert "first difference" in cut
    assert "is not in the log" in cut


def verify(stack: Stack) -> str:
    """What the command says about the run."""
    return stack.wandb("verify", "r", "-p", "p", check=False)
