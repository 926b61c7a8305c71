"""What a user sees of damaged state, of other versions, and of missing parts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_proto.places import Places

from tests.support.core_process import stop_any_core
from tests.support.desk import desk
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

ROWS = 50

TRAIN = f"""
import sys, wandb
run = wandb.init(project="p", id=sys.argv[1])
for number in range({ROWS}):
    run.log({{"n": number}})
run.finish()
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with (
        desk(WANDB_FINISH_TIMEOUT="10", WANDB_CORE_LOCAL_SERVER_CHECK_S="0.5") as user,
        running_stack(user.env, user.cwd) as running,
    ):
        yield running


@pytest.fixture
def places(stack: Stack) -> Places:
    return Places.from_environment(stack.env)


def train(stack: Stack, run_id: str, **more_env: str) -> str:
    """A run that must work; what it said on stderr."""
    told = stack.run(TRAIN, run_id, **more_env).stderr
    assert "Traceback" not in told
    return told


def arrived(stack: Stack, run_id: str) -> bool:
    rows = stack.ask(f"[row['n'] for row in api.run('p/{run_id}').scan_history()]")
    return bool(rows == list(range(ROWS)))


@pytest.mark.parametrize("name", ["core.json", "server.json"])
@pytest.mark.parametrize("content", ["", '{"pid": 1', "[]"], ids=["empty", "cut", "[]"])
def test_damaged_address_files_are_repaired_by_their_owners(
    stack: Stack, places: Places, name: str, content: str
) -> None:
    train(stack, "before")
    path = places.runtime_dir / name
    kept = json.loads(path.read_text())
    path.write_text(content)
    run_id = f"{name.partition('.')[0]}{len(content)}"

    told = train(stack, run_id)

    assert "WARNING" not in told, told
    assert "ERROR" not in told, told
    assert json.loads(path.read_text()) == kept
    assert arrived(stack, run_id)


def test_damaged_backlog_entry_costs_no_other_run(stack: Stack, places: Places) -> None:
    stack.wandb("core", "stop", check=False)
    damaged = places.backlog_dir / ("0" * 32 + ".json")
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_text('{"version": 1, "log_p')

    told = train(stack, "backlog")

    assert "ERROR" not in told
    assert arrived(stack, "backlog")
    assert damaged.exists()
    (damage,) = stack.core_status()["backlog"]["damaged"]
    assert damage["path"] == str(damaged)
    assert "upload its run with `wandb sync" in stack.wandb("core", "status")
    damaged.unlink()


def test_damaged_cursor_repeats_and_loses_nothing(stack: Stack) -> None:
    train(stack, "cursor")
    (directory,) = stack.cwd.glob("wandb/run-*-cursor")
    for path in directory.glob("*.cursor*"):
        path.write_text("{")
    for path in directory.glob("*.synced"):
        path.unlink()

    stack.wandb("sync", str(directory))

    assert arrived(stack, "cursor")


def test_netrc_without_the_local_key_says_how_to_get_one(stack: Stack) -> None:
    netrc = Path(stack.env["NETRC"])
    kept = netrc.read_bytes()
    netrc.write_bytes(b"\xff\x00 machine \x80 password")

    told = train(stack, "keyless")

    assert told.count("No API key for") == 1, told
    assert "run: wandb server stop; wandb server start" in told
    assert "is not uploaded yet" in told
    netrc.write_bytes(kept)
    wait_until(lambda: _is_there(stack, "keyless"), 30)


def test_core_of_another_protocol_is_replaced(stack: Stack, places: Places) -> None:
    stack.wandb("core", "stop", check=False)
    code = (
        "import runpy, sys, wandb_proto\n"
        "wandb_proto.PROTOCOL_VERSION, wandb_proto.VERSION = 99, '9.9.9'\n"
        "sys.argv = ['wandb_core', 'serve']\n"
        "runpy.run_module('wandb_core', run_name='__main__')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=stack.env,
        stderr=subprocess.DEVNULL,
    ) as other:
        wait_until(lambda: '"9.9.9"' in _text(places.core_address), 20)

        told = train(stack, "version")

        assert other.wait(20) == 0
    assert "core daemon is version 9.9.9" in told
    assert "is replaced" in told
    assert arrived(stack, "version")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_stopped_core_is_waited_for_and_never_doubled(
    stack: Stack, places: Places
) -> None:
    """SIGSTOP: its lock is held, so nobody starts another one."""
    train(stack, "running")
    pid = json.loads(places.core_address.read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        told = train(stack, "stopped", WANDB_FINISH_TIMEOUT="1")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert "Core did not answer" in told
    assert "wandb core start" in told
    assert json.loads(places.core_address.read_text())["pid"] == pid
    wait_until(lambda: _is_there(stack, "stopped"), 30)


def _is_there(stack: Stack, run_id: str) -> bool:
    runs = stack.ask("[run.id for run in api.runs('p')]")
    return run_id in runs and arrived(stack, run_id)


def test_runtime_directory_open_to_others_is_refused_and_nothing_is_lost(
    stack: Stack, places: Places
) -> None:
    stack.wandb("core", "stop", check=False)
    places.runtime_dir.chmod(0o755)
    try:
        told = train(stack, "open", WANDB_FINISH_TIMEOUT="1")
    finally:
        places.runtime_dir.chmod(0o700)

    assert f"run: chmod 700 {places.runtime_dir}" in told
    assert told.count("WARNING") == 2, told
    stack.wandb("core", "start")
    wait_until(lambda: _is_there(stack, "open"), 30)


BLOCK = """
import importlib.util, sys
hidden = ("sqlalchemy", "duckdb", "graphql", "obstore", "zstandard")
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if name.split(".")[0] in hidden else find(name, package)
)
"""


def test_without_the_server_packages_the_way_to_get_them_is_told() -> None:
    with desk(WANDB_FINISH_TIMEOUT="5") as user:
        (user.cwd / "sitecustomize.py").write_text(BLOCK)
        path = os.pathsep.join(
            filter(None, [str(user.cwd), user.env.get("PYTHONPATH", "")])
        )

        done = user.run(TRAIN, "alone", PYTHONPATH=path)
        start = user.call(
            sys.executable, "-m", "wandb", "server", "start",
            check=False, PYTHONPATH=path,
        )  # fmt: skip

        assert "The local server is not installed" in done.stderr, done.stderr
        assert "WANDB_BASE_URL" in done.stderr
        assert "Traceback" not in done.stderr
        assert [row["n"] for row in user.rows("alone")] == list(range(ROWS))
        assert start.returncode == 1
        assert "with its extra `server`" in start.stderr
        stop_any_core(user.env)
