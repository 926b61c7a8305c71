"""What is left, and what a user sees, when processes die or have no place to go."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_proto.places import Places

from tests.support.desk import desk
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

ROWS = 500


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with (
        desk(WANDB_FINISH_TIMEOUT="10", WANDB_CORE_ORPHAN_CHECK_S="0.2") as user,
        running_stack(user.env, user.cwd) as running,
    ):
        yield running


DIE = f"""
import os, signal, sys, time, wandb
how = sys.argv[1]
run = wandb.init(project="deaths", id=how)
for number in range({ROWS}):
    run.log({{"n": number}})
run.log({{"open": 1}}, commit=False)

def send(number):
    os.kill(os.getpid(), number)
    time.sleep(20)

if how == "handled":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
if how in ("terminated", "handled"):
    send(signal.SIGTERM)
elif how == "interrupted":
    send(signal.SIGINT)
elif how == "killed":
    send(signal.SIGKILL)
elif how == "left":
    os._exit(3)
elif how == "raised":
    raise RuntimeError("no such luck")
elif how == "exited":
    sys.exit(4)
"""

DEATHS = {
    # how: exit code of the script, state and exit code of the run
    "terminated": (-15, "crashed"),
    "killed": (-9, "crashed"),
    "left": (3, "crashed"),
    "handled": (7, "failed"),
    "raised": (1, "failed"),
    "exited": (4, "failed"),
    "interrupted": (-2, "failed"),
    "lived": (0, "finished"),
}


def test_however_a_script_dies_its_rows_and_its_end_are_told(stack: Stack) -> None:
    script = stack.cwd / "die.py"
    script.write_text(DIE, encoding="utf-8")
    running = {
        how: subprocess.Popen(
            [sys.executable, str(script), how],
            env=stack.env, cwd=stack.cwd, stderr=subprocess.PIPE, text=True,
        )
        for how in DEATHS
    }  # fmt: skip

    for how, process in running.items():
        _, told = process.communicate(timeout=60)
        assert process.returncode in (DEATHS[how][0], 130), (how, told)
        assert told.count("Traceback") == (how in ("raised", "interrupted")), told

    expected = {how: state for how, (_, state) in DEATHS.items()}
    wait_until(lambda: _states(stack) == expected, 40)
    rows = stack.ask(
        "{r.id: [row.get('n') for row in r.scan_history()] for r in api.runs('deaths')}"
    )
    for how in DEATHS:
        # The open row is the last one, committed by the end of the run.
        assert rows[how] == [*range(ROWS), None], how


def _states(stack: Stack) -> object:
    return stack.ask("{run.id: run.state for run in api.runs('deaths')}")


KILL_ALL = f"""
import json, os, time, wandb
from wandb_proto.places import Places
places = Places.from_environment(os.environ)
run = wandb.init(project="all", id="three")
for number in range({ROWS}):
    run.log({{"n": number}})
    if number == 200:
        time.sleep(0.5)
for path in (places.core_address, places.server_address):
    os.kill(json.loads(path.read_text())["pid"], 9)
os.kill(os.getpid(), 9)
"""


def test_script_core_and_server_killed_at_once_lose_nothing(stack: Stack) -> None:
    done = stack.run(KILL_ALL, check=False)
    assert done.returncode == -9

    stack.wandb("core", "start")

    ask = "[(r.state, [row['n'] for row in r.scan_history()]) for r in api.runs('all')]"
    wait_until(lambda: _answers(stack), 30)
    wait_until(lambda: stack.ask(ask) == [["crashed", [*range(ROWS)]]], 30)


def _answers(stack: Stack) -> bool:
    """Core starts the server again, for the run needs it."""
    return bool(json.loads(stack.wandb("server", "status", "--json", check=False)))


TRAIN = f"""
import sys, wandb
run = wandb.init(project="p", id=sys.argv[1])
for number in range({ROWS}):
    run.log({{"n": number}})
run.finish()
"""


def test_in_ci_an_unconfigured_run_stays_here_and_is_synced_later(
    stack: Stack,
) -> None:
    told = stack.run(TRAIN, "ci", CI="true").stderr

    assert "CI is set and no server is configured: the run stays offline" in told
    (directory,) = stack.cwd.glob("wandb/offline-run-*-ci")
    assert f"wandb sync {directory}" in told
    stack.wandb("sync", str(directory))
    rows = stack.ask("[row['n'] for row in api.run('p/ci').scan_history()]")
    assert rows == list(range(ROWS))


def test_taken_port_is_named_and_the_data_wait() -> None:
    """Somebody else listens where the local server was: it does not move on."""
    with (
        desk(WANDB_FINISH_TIMEOUT="2") as user,
        running_stack(user.env, user.cwd) as stack,
        socket.socket() as other,
    ):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        settings = Places.from_environment(user.env).data_dir / "server/settings.json"
        port = int(stack.url.rpartition(":")[2])
        stack.wandb("server", "stop")
        _remember(settings, port)
        other.bind(("127.0.0.1", port))
        other.listen()

        told = stack.run(TRAIN, "port").stderr

        assert str(port) in told
        assert "The local server does not start" in told, told
        assert "Your data are in" in told
        assert "Traceback" not in told
        assert [row["n"] for row in user.rows("port")] == list(range(ROWS))


def _remember(settings: Path, port: int) -> None:
    found = json.loads(settings.read_text())
    settings.write_text(json.dumps(found | {"port": port}))
