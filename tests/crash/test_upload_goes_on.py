"""Uploading goes on when the script has ended, and after everything was killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wandb_proto.core_place import read_address
from wandb_proto.places import Places

from tests.crash.kill_points import QUICK_CORE
from tests.support.server_process import ServerProcess, running_server
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

HISTORY = """query($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    state history(minStep: 0, maxStep: 1000000000, samples: 100000) } } }
"""


@pytest.fixture
def stack(places_env: dict[str, str]) -> Iterator[Stack]:
    env = places_env | QUICK_CORE | {"WANDB_FINISH_TIMEOUT": "1"}
    with running_stack(env, Path(places_env["HOME"]) / "work") as running:
        yield running


def on_server(stack: Stack, run_id: str) -> tuple[str, list[dict[str, Any]]]:
    """State and rows of a run, as the server has them."""
    server: ServerProcess = running_server(stack.env)
    variables = {"entity": server.entity, "project": "p", "run": run_id}
    run = (server.graphql(HISTORY, variables)["project"] or {}).get("run")
    if run is None:
        return "", []
    return run["state"], [json.loads(text) for text in run["history"]]


def kill_core(stack: Stack) -> None:
    address = read_address(Places.from_environment(stack.env))
    assert address is not None
    os.kill(address.pid, signal.SIGKILL)


def stop_server(stack: Stack, signal_number: int) -> None:
    os.kill(running_server(stack.env).pid, signal_number)


def run_with_stopped_server(stack: Stack, code: str) -> None:
    """The server gets SIGSTOP after the script's first lines, and stays so."""
    first = (
        "import os, sys, wandb\n"
        "def init(run_id):\n"
        "    return wandb.init(project='p', id=run_id, reinit='create_new')\n"
    )
    begin, _, rest = code.partition("STOP\n")
    stop = "print(flush=True)\nsys.stdin.readline()\n"
    script = stack.cwd / "script.py"
    script.write_text(first + begin + stop + rest)
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=stack.env, cwd=stack.cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        stop_server(stack, signal.SIGSTOP)
        process.communicate(b"\n", timeout=30)


def test_a_script_ends_before_its_upload_and_core_goes_on(stack: Stack) -> None:
    try:
        run_with_stopped_server(
            stack,
            "run = init('r')\nSTOP\n"
            "for number in range(1000): run.log({'n': number})\n",
        )
    finally:
        stop_server(stack, signal.SIGCONT)

    wait_until(lambda: is_there(stack, "r", "finished"), 20)
    rows = on_server(stack, "r")[1]
    assert [row["n"] for row in rows] == list(range(1000))


@pytest.mark.parametrize("again", ["core start", "init"])
def test_after_everything_was_killed_the_next_start_uploads_the_rest(
    stack: Stack, again: str
) -> None:
    """A finished run, a killed one, and one with an open row wait for the server."""
    run_with_stopped_server(
        stack,
        "finished, killed = init('finished'), init('killed')\nSTOP\n"
        "finished.log({'n': 1})\n"
        "killed.log({'n': 1})\n"
        "killed.log({'m': 2}, commit=False)\n"
        "finished.finish()\n"
        "os.kill(os.getpid(), 9)\n",
    )
    kill_core(stack)
    stop_server(stack, signal.SIGKILL)

    if again == "init":
        stack.run("import wandb; wandb.init(project='p', id='later').finish()")
    else:
        stack.wandb("core", "start")

    wait_until(lambda: is_there(stack, "finished", "finished"), 20)
    wait_until(lambda: is_there(stack, "killed", "crashed"), 20)
    assert [row["n"] for row in on_server(stack, "finished")[1]] == [1]
    rows = on_server(stack, "killed")[1]
    assert [(row.get("n"), row.get("m")) for row in rows] == [(1, None), (None, 2)]


def is_there(stack: Stack, run_id: str, state: str) -> bool:
    """Whether the run has that state; the server may be starting."""
    try:
        return on_server(stack, run_id)[0] == state
    except (OSError, ValueError, KeyError):
        return False


def test_a_forked_child_may_log_on_after_its_parent_has_finished(stack: Stack) -> None:
    stack.run(
        "import os, sys, time, wandb\n"
        "run = wandb.init(project='p', id='r')\n"
        "run.log({'parent': 1})\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    os.close(0), os.close(1), os.close(2)\n"
        "    parent = os.getppid()\n"
        "    run.log({'child': 0})\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    time.sleep(0.5)\n"
        "    run.log({'child': 1})\n"
        "    os._exit(0)\n"
        "run.finish()\n"
    )

    wait_until(lambda: len(on_server(stack, "r")[1]) == 3, 20)
    rows = on_server(stack, "r")[1]
    assert [row["child"] for row in rows if "child" in row] == [0, 1]
    wait_until(lambda: on_server(stack, "r")[0] == "finished", 20)
