"""wandb.init, log, finish: through core into the log, and to the local server."""

import json
from pathlib import Path

from wandb_core.transaction_log import read_all
from wandb_proto.places import Places

from tests.support.stack import Stack
from tests.support.waiting import wait_until

SCRIPT = """
import wandb
with wandb.init(project="job", id="{id}", config={{"lr": 0.1}}) as run:
    for number in range({rows}):
        run.log({{"loss": 1 / (number + 1), "number": number}})
"""

ROWS = "[row['number'] for row in api.run('job/{id}').scan_history(keys=['number'])]"


def numbers_in_log(path: Path) -> list[int]:
    return [
        json.loads(item.value_json)
        for logged in read_all(path)
        for item in logged.record.history.item
        if (item.key or "/".join(item.nested_key)) == "number"
    ]


def test_what_is_logged_is_in_the_log_and_at_the_server(stack: Stack) -> None:
    stack.run(SCRIPT.format(id="a", rows=500))

    (log,) = stack.cwd.glob("wandb/run-*-a/run-a.wandb")
    assert numbers_in_log(log) == list(range(500))
    assert stack.ask(ROWS.format(id="a")) == list(range(500))
    assert stack.ask("[api.run('job/a').state, api.run('job/a').config]") == [
        "finished",
        {"lr": 0.1},
    ]
    assert stack.ask("api.run('job/a').summary['number']") == 499


def test_runs_of_several_processes_share_one_core(stack: Stack) -> None:
    other = stack.start(SCRIPT.format(id="p1", rows=200))
    stack.run(SCRIPT.format(id="p2", rows=200))
    other.communicate(timeout=60)
    assert other.returncode == 0

    for run_id in ("p1", "p2"):
        assert stack.ask(ROWS.format(id=run_id)) == list(range(200))
    cores = Places.from_environment(stack.env).core_log.read_text()
    assert cores.count("core_listens") == 1


def test_core_killed_in_the_middle_of_a_run_loses_nothing(stack: Stack) -> None:
    """The script kills core twice with SIGKILL and never notices."""
    code = """
import json, os, time, wandb
from wandb_proto.places import Places
places = Places.from_environment(os.environ)

def core_pid():
    try:
        return json.loads(places.core_address.read_text())["pid"]
    except (OSError, ValueError):
        return killed

killed = None
with wandb.init(project="job", id="k") as run:
    for number in range(3000):
        run.log({"number": number})
        if number in (1000, 2000):
            time.sleep(0.3)
            while (pid := core_pid()) == killed:
                time.sleep(0.01)
            killed = pid
            os.kill(pid, 9)
"""
    stack.run(code)

    (log,) = stack.cwd.glob("wandb/run-*-k/run-k.wandb")
    assert numbers_in_log(log) == list(range(3000))
    assert stack.ask(ROWS.format(id="k")) == list(range(3000))
    assert stack.ask("api.run('job/k').state") == "finished"


def test_core_leaves_nothing_behind_but_the_log(stack: Stack) -> None:
    stack.run(SCRIPT.format(id="c", rows=3))
    places = Places.from_environment(stack.env)

    def is_tidy() -> bool:
        left = [*places.spool_dirs[0].iterdir(), *places.backlog_dir.iterdir()]
        return not left and not list(stack.cwd.glob("wandb/run-*-c/*.owner"))

    wait_until(is_tidy, 15.0)


def test_a_crashed_local_server_is_started_again(stack: Stack) -> None:
    """The server dies in the middle of a run; core brings it back by itself."""
    code = """
import json, os, time, wandb
from wandb_proto.places import Places
places = Places.from_environment(os.environ)
with wandb.init(project="job", id="s") as run:
    for number in range(100):
        run.log({"number": number})
        if number == 50:
            time.sleep(1)
            os.kill(json.loads(places.server_address.read_text())["pid"], 9)
"""
    places = Places.from_environment(stack.env)
    before = json.loads(places.server_address.read_text())["pid"]

    stack.run(code, WANDB_CORE_LOCAL_SERVER_CHECK_S="0.5")

    assert json.loads(places.server_address.read_text())["pid"] != before
    assert stack.ask(ROWS.format(id="s")) == list(range(100))
